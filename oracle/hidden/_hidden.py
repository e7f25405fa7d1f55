"""What makes a function a hidden check of this assignment."""

from oracle.kit.hidden import beside
from oracle.misconceptions import known
from poolkit import check as visible_checks

hidden = beside(visible_checks, known)
