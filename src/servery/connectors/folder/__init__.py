"""A folder, here or on an SFTP server, into which another system puts its files, and takes what we put there."""

from servery.connectors.folder.entered import OUT, Wishes, wishes
from servery.connectors.folder.place import Entry, Place, opened

__all__ = ["OUT", "Entry", "Place", "Wishes", "opened", "wishes"]
