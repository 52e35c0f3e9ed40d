"""Why is a message not sent, not delivered, or not believed?

`ArgumentRefused` (exit code 2) is what the caller or whoever runs the folder
can correct; `GateFailed` (5) is a message that is not from whom it should be;
`DataMismatch` (3) is a state that does not fit what was exchanged. The texts
name sites, files and limits; they hold nothing of what is sent.
"""

from __future__ import annotations

from ...errors import ArgumentRefused, DataMismatch, GateFailed


class AddressRefused(ArgumentRefused):
    """A name, a topic or a number cannot be used as part of an address."""


class MessageTooLarge(ArgumentRefused):
    """A message is beyond the size limit of the channel."""


class MessageDiffers(ArgumentRefused):
    """Another message was sent under this number before."""


class ReceiverBehind(ArgumentRefused):
    """The receiver has not taken many earlier messages."""


class SiteSilent(ArgumentRefused):
    """Nothing that can be read came within the time given."""


class SiteNotJoined(SiteSilent):
    """The other side has never opened its end of the channel."""


class MessageUnreadable(SiteSilent):
    """The file that is waited for is there, and is half-written or corrupt."""


class SenderNotOwner(GateFailed):
    """A message was not sealed by the owner of the inbox in which it lies."""


class MessagesMissing(DataMismatch):
    """Later messages are there, and the one that comes next is not."""


class StateRefused(DataMismatch):
    """The private state of a channel is another's, is damaged, or is not the last one."""


class ChannelInUse(ArgumentRefused):
    """Another process has this end of the channel open."""


class ChannelClosed(ArgumentRefused):
    """The topic, or this end of the channel, was closed."""


class FolderUnusable(ArgumentRefused):
    """The shared folder cannot be read or written."""


class FolderReadOnly(FolderUnusable):
    """The shared folder, or this party's part of it, may not be written."""


class FolderFull(FolderUnusable):
    """There is no room left for the shared folder."""
