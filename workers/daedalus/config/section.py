"""The base of every section of the configuration, and the units of numbers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Megabytes", "Seconds", "Section"]

Seconds = Annotated[float, Field(gt=0, le=86_400, title="seconds")]
Megabytes = Annotated[int, Field(ge=1, le=100_000_000, title="MB")]


class Section(BaseModel):
    """A mapping of the file. An unknown key is an error; an empty section has its defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_means_defaults(cls, value: object) -> object:
        return {} if value is None else value
