"""PyTorch's tensors on the CPU, but those that a gradient flows through: these stay behind."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import torch
from numpy import ascontiguousarray

from proctor.rpc.codec.dtypes import must
from proctor.rpc.values.doubt import array
from proctor.rpc.values.registry import Converter


def _from_tensor(tensor):
    must(tensor.layout is torch.strided and tensor.device.type == "cpu", "a tensor on the CPU")
    must(not tensor.requires_grad, "a tensor without a gradient")
    return ascontiguousarray(tensor.resolve_conj().resolve_neg().numpy()).reshape(tensor.shape)


def _tensor(data):
    return torch.from_numpy(array(data, "biufc", getattr(data, "ndim", None)).copy())


def _assign(old, new):
    must(old.dtype == new.dtype, "a tensor of another dtype")
    if old.shape == new.shape:
        old.copy_(new)
    else:
        old.set_(new)


CONVERTERS = [Converter(torch.Tensor, _from_tensor, _tensor, assign=_assign)]
