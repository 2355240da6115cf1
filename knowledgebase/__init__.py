"""What we know: entries, how a question finds them, and how sure that is."""

import os

# Both are read once, when the packages are first imported. numpy's algebra would otherwise wake a thread for each
# core, which for matrices of our size costs more than it saves; pypinyin would load 40 MB of phrases, of which
# comparing sounds character by character needs none.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
