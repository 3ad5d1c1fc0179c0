"""Values that are more than one word: multifields and files."""

from __future__ import annotations

from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from b24orm.narrow import is_list, is_mapping

__all__ = ["File", "Multifield", "without_addresses"]

# Keys of files as they come: these addresses let in whoever has them.
_OPEN_ADDRESSES = frozenset({"urlMachine", "downloadUrl"})


class Multifield(BaseModel):
    """One phone, e-mail, site or messenger.

    Attributes:
        id: the portal's id of this very value; None for one that is not stored yet.
        type_id: ``PHONE``, ``EMAIL``, ``WEB``, ``IM`` or ``LINK``.
        value_type: ``WORK``, ``MOBILE``, ``HOME``, …
        value: the number, address or name itself.

    What else the portal says of it is kept, too.
    """

    model_config = ConfigDict(
        frozen=True, defer_build=True, populate_by_name=True, coerce_numbers_to_str=True, extra="allow"
    )

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

    What else the portal says of it is kept, too: ``file.name``, ``file.size`` where it does.
    """

    model_config = ConfigDict(frozen=True, defer_build=True, populate_by_name=True, extra="allow")

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        """A bare address or id stands for a file too: ``user.get`` answers photos so."""
        if isinstance(value, str):
            return {"id": value} if value.isdigit() else {"url": value}
        return {"id": value} if isinstance(value, int) else value

    id: int | None = Field(default=None, validation_alias=AliasChoices("id", "ID"))
    url: str | None = Field(default=None, validation_alias=AliasChoices("url", "showUrl"))
    url_machine: str | None = Field(
        default=None, repr=False, validation_alias=AliasChoices("urlMachine", "downloadUrl", "url_machine")
    )


def without_addresses(value: Any) -> Any:
    """*value* as it may be shown: a raw file's address for programs holds a token, which must not be."""
    if is_mapping(value):
        return {key: "…" if key in _OPEN_ADDRESSES else without_addresses(item) for key, item in value.items()}
    return [without_addresses(item) for item in value] if is_list(value) else value
