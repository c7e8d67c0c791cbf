"""How the documentation is built: `make docs`. Nothing is fetched from any network."""

# SPDX-License-Identifier: BSD-3-Clause

import os
import sys
import warnings
from importlib.metadata import version as installed_version
from pathlib import Path

# The directives that show the committed results of a suite, and the page of them all.
sys.path.insert(0, str(Path(__file__).parent / "_ext"))

# Examples run in worker processes too; quiet and one thread each.
os.environ.setdefault("OMP_NUM_THREADS", "1")

project = "trimtab"
author = "The trimtab developers"
copyright = f"2026, {author}"
release = installed_version("trimtab")
version = release

extensions = [
    "myst_parser",
    "evidence",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "suite_results",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]
# `name` in a docstring links to what it names, where that is documented.
default_role = "autolink"
# Full names of ours must lead somewhere; short ones may name a parameter.
nitpick_ignore_regex = [("py:obj", r"(?!trimtab\.).*")]

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"  # numpydoc's sections say more
autodoc_default_options = {"members": False}
numpydoc_show_class_members = False
numpydoc_validation_checks = {
    "GL06",  # unknown section
    "GL07",  # sections out of order
    "GL08",  # no docstring
    "SS01",  # no summary
    "SS03",  # summary without a full stop
    "SS06",  # summary of more than one line
    "PR02",  # a parameter that is not there
    "PR03",  # parameters out of order
    "PR10",  # no space before the colon of a type
}
myst_heading_anchors = 2

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "show_memory": False,
    "min_reported_time": 1000,
    "only_warn_on_example_error": False,
    "reference_url": {},
}
# The figures are drawn into files; matplotlib need not say that it shows no window.
warnings.filterwarnings("ignore", message=".*non-interactive.*", category=UserWarning)

html_theme = "pydata_sphinx_theme"
html_title = "trimtab"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/logo.svg"
html_logo = "_static/logo.svg"
html_show_sourcelink = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {"text": "trimtab"},
    "navbar_align": "left",
    "show_nav_level": 2,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {"changelog": [], "index": []}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
