"""What the knowledge base refuses, in an operator's words."""


class KnowledgeError(Exception):
    """Base of everything that knowledgebase raises."""


class EntryNotFound(KnowledgeError):
    """No entry with this id, or none at this version."""


class EntryInvalid(KnowledgeError):
    """An entry that may not be stored; the sentence names its id and what is wrong."""


class CalibrationAbandoned(KnowledgeError):
    """The entries that were being calibrated are no longer in force."""


class FileUnreadable(KnowledgeError):
    """The file as a whole is not a table of entries or questions: wrong format, encoding or size."""


class WeightsInvalid(KnowledgeError):
    """The file of matching weights does not fit this version of the program."""


class EncoderUnavailable(KnowledgeError):
    """No vectors can be had now.

    permanent: trying again will not help before an operator has changed something.
    """

    def __init__(self, reason: str, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent
