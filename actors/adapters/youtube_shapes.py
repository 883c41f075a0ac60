"""YouTube live chat: the shapes of its messages, with the fields that are used. Other fields are skipped.

The API writes 64-bit numbers as text, and leaves out what is empty, zero or false.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Number64 = int | str
ItemId = Annotated[str, Meta(min_length=1, max_length=1024)]


class ChatShape(Struct, frozen=True, rename="camel"):
    """Base of all shapes."""


class Author(ChatShape, frozen=True):
    channel_id: str = ""
    display_name: str = ""
    is_verified: bool = False
    is_chat_owner: bool = False
    is_chat_sponsor: bool = False
    is_chat_moderator: bool = False


class TextMessage(ChatShape, frozen=True):
    message_text: str = ""


class SuperChat(ChatShape, frozen=True):
    amount_micros: Number64
    currency: str
    user_comment: str = ""


class StickerMetadata(ChatShape, frozen=True):
    alt_text: str = ""


class SuperSticker(ChatShape, frozen=True):
    amount_micros: Number64
    currency: str
    super_sticker_metadata: StickerMetadata = StickerMetadata()


class JewelsMetadata(ChatShape, frozen=True):
    jewels_amount: Number64 = 0
    gift_name: str = ""


class JewelsGift(ChatShape, frozen=True):
    gift_metadata: JewelsMetadata = JewelsMetadata()


class NewMember(ChatShape, frozen=True):
    member_level_name: str = ""


class Milestone(ChatShape, frozen=True):
    user_comment: str = ""
    member_month: Number64 = 0
    member_level_name: str = ""


class GiftedMemberships(ChatShape, frozen=True):
    gift_memberships_count: Number64 = 0
    gift_memberships_level_name: str = ""


class ReceivedMembership(ChatShape, frozen=True):
    member_level_name: str = ""
    associated_membership_gifting_message_id: str = ""


class DeletedMessage(ChatShape, frozen=True):
    deleted_message_id: ItemId


class RetractedMessage(ChatShape, frozen=True):
    retracted_message_id: ItemId


class BannedUser(ChatShape, frozen=True):
    channel_id: ItemId


class Ban(ChatShape, frozen=True):
    banned_user_details: BannedUser


class PollOption(ChatShape, frozen=True):
    option_text: str = ""
    tally: Number64 = 0


class PollQuestion(ChatShape, frozen=True):
    question_text: str = ""
    options: list[PollOption] = []


class PollDetails(ChatShape, frozen=True):
    metadata: PollQuestion = PollQuestion()
    status: str = ""


class Snippet(ChatShape, frozen=True):
    type: str
    published_at: str = ""
    display_message: str = ""
    text_message_details: TextMessage | None = None
    super_chat_details: SuperChat | None = None
    super_sticker_details: SuperSticker | None = None
    gift_event_details: JewelsGift | None = None
    new_sponsor_details: NewMember | None = None
    member_milestone_chat_details: Milestone | None = None
    membership_gifting_details: GiftedMemberships | None = None
    gift_membership_received_details: ReceivedMembership | None = None
    message_deleted_details: DeletedMessage | None = None
    message_retracted_details: RetractedMessage | None = None
    user_banned_details: Ban | None = None
    poll_details: PollDetails | None = None


class ChatItem(ChatShape, frozen=True):
    id: ItemId
    snippet: Snippet
    author_details: Author = Author()
