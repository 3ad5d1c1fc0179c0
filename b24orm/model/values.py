"""Values that are more than one word: multifields and files."""

from __future__ import annotations

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

__all__ = ["File", "Multifield"]


class Multifield(BaseModel):
    """One phone, e-mail, site or messenger.

    Attributes:
        id: the portal's id of this very value; None for one that is not stored yet.
        type_id: ``PHONE``, ``EMAIL``, ``WEB``, ``IM`` or ``LINK``.
        value_type: ``WORK``, ``MOBILE``, ``HOME``, …
        value: the number, address or name itself.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True, coerce_numbers_to_str=True)

    id: int | None = Field(default=None, validation_alias=AliasChoices("id", "ID"))
    type_id: str = Field(default="", validation_alias=AliasChoices("typeId", "TYPE_ID", "type_id"))
    value_type: str = Field(default="", validation_alias=AliasChoices("valueType", "VALUE_TYPE", "value_type"))
    value: str = Field(default="", validation_alias=AliasChoices("value", "VALUE"))


class File(BaseModel):
    """A file as the portal points to it.

    Attributes:
        id: the portal's id of the file.
        url: address for a signed-in browser.
        url_machine: address for programs; holds a token, so keep it out of logs.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    id: int | None = Field(default=None, validation_alias=AliasChoices("id", "ID"))
    url: str | None = Field(default=None, validation_alias=AliasChoices("url", "showUrl"))
    url_machine: str | None = Field(
        default=None, repr=False, validation_alias=AliasChoices("urlMachine", "downloadUrl", "url_machine")
    )
