"""AutoSMOTE: over-sampling whose decisions are learned with the classifier.

Kishanthan and Hevapathige, "Deep Learning Meets Oversampling: A Learning Framework to
Handle Imbalanced Classification", arXiv 2502.06878. Not the reinforcement learning of
Zha, Lai, Tan, Ding, Zou and Hu (CIKM 2022), which has the same name.
"""

# SPDX-License-Identifier: BSD-3-Clause

from trimtab.autosmote.learned_classifier import AutoSMOTEClassifier
from trimtab.autosmote.oversampler import AutoSMOTE

__all__ = ["AutoSMOTE", "AutoSMOTEClassifier"]
