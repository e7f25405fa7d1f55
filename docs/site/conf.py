"""How Sphinx makes pages of what ``pages.py`` lays out."""

project = "Max pooling, derived and graded"
author = ""
language = "en"
extensions = ["myst_nb", "sphinx-mathjax-offline"]  # MathJax lies beside the pages: no network
exclude_patterns = ["downloads"]
nb_execution_mode = "off"  # pages.py brings the outputs
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4
myst_heading_slug_func = "pages.anchor"

html_theme = "pydata_sphinx_theme"
html_title = "Max pooling"
html_static_path = ["_static"]
html_css_files = ["lessons.css"]
html_js_files = ["explorers.js"]
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
html_sidebars = {"**": []}
html_theme_options = {
    "navbar_persistent": ["search-button"],
    "navbar_end": ["theme-switcher"],
    "footer_start": [],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
