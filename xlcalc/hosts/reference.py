"""The reference on xlwings Server: its pages, and what their forms and the task pane ask.

    GET  /reference/LLM_KV_CACHE.html
    POST /reference/answer   {"name": "LLM_KV_CACHE", "given": {"model": "llama-3.1-8b", "context": "8192"}}
    POST /reference/explain  {"formula": "=LLM_KV_CACHE(A1, 8192)", "cells": {"A1": [["llama-3.1-8b"]]}}

Pages are public, as the list of functions is; answers are for those whom the server's authentication knows.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePath
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from xlwings_server.config import settings
from xlwings_server.dependencies import authenticate

from xlcalc.catalog.table_file import TableError
from xlcalc.pages import answers, site
from xlcalc.pages.frame import SERVER

_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
_PAGES_KEPT = 256
_MOST_ARGUMENTS, _LONGEST = 40, 100_000

router = APIRouter(prefix=f"{settings.app_path}/reference")


class Question(BaseModel):
    """A function and what was typed into its form."""

    name: str = Field(max_length=64)
    given: dict[str, Any] = Field(max_length=_MOST_ARGUMENTS)


class Cell(BaseModel):
    """A cell's formula, and the values of the cells that it reads once they are known."""

    formula: str = Field(max_length=_LONGEST)
    cells: dict[str, list[list[Any]]] | None = None


@router.get("/")
def start() -> Response:
    """The reference begins at its index."""
    return RedirectResponse("index.html")


@router.get("/{name}")
def page(name: str) -> Response:
    """A page or what it loads."""
    try:
        if name not in _pages():
            raise HTTPException(404)
        return Response(_made(name), media_type=_TYPES[PurePath(name).suffix])
    except TableError as error:  # a file of the user's catalog has a fault, and says where
        raise HTTPException(500, str(error)) from None


@router.post("/answer", dependencies=[Depends(authenticate)])
def answer(question: Question) -> dict[str, Any]:
    """What a form gets."""
    return answers.answer(question.name, question.given)


@router.post("/explain", dependencies=[Depends(authenticate)])
def explain(cell: Cell) -> dict[str, Any]:
    """What the selected cell's LLM_* call is made of; without `cells`, which cells that needs."""
    return answers.of_formula(cell.formula, cell.cells)


@lru_cache(maxsize=1)
def _pages() -> dict[str, Any]:
    return site.pages(SERVER)


@lru_cache(maxsize=_PAGES_KEPT)
def _made(name: str) -> str:
    return str(_pages()[name]())
