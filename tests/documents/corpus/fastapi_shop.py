"""A shop."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Depends, FastAPI, Header, HTTPException, Path, Query, status
from pydantic import BaseModel, Field

app = FastAPI(title="Shop", version="1.2.0", description="Sells things.")
router = APIRouter(prefix="/items", tags=["items"])
inner = APIRouter(prefix="/parts")


class Colour(str, Enum):
    RED = "red"
    BLUE = "blue"


class Maker(BaseModel):
    """Who makes it."""

    name: str
    since: int | None = None


class Item(BaseModel):
    name: str = Field(min_length=1, max_length=40, description="What it is called.")
    price: float = Field(gt=0)
    colour: Colour = Colour.RED
    tags: list[str] = []
    maker: Maker | None = None
    kind: Literal["new", "used"] = "new"
    at: datetime
    attributes: dict[str, int] = Field(default_factory=dict)


class StoredItem(Item):
    id: UUID


def page(skip: int = 0, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> dict:
    return {"skip": skip, "limit": limit}


@router.get("/", response_model=list[StoredItem])
def list_items(where: Annotated[dict, Depends(page)], q: str | None = Query(None, max_length=50)):
    """List items.

    Newest first.
    """


@router.post("/", status_code=status.HTTP_201_CREATED)
async def create_item(item: Item, x_token: Annotated[str, Header()]) -> StoredItem: ...


@router.get("/{item_id}")
def read_item(item_id: Annotated[UUID, Path(description="Which one.")], verbose: bool = False) -> StoredItem:
    """Read one item."""
    raise HTTPException(status_code=404, detail="No such item")


@router.put("/{item_id}/price")
def set_price(item_id: UUID, price: Annotated[float, Body(embed=True)]) -> None: ...


@router.delete("/{item_id}", status_code=204)
def delete_item(item_id: UUID): ...


@inner.get("/{part}")
def read_part(item_id: int, part: str, colour: Colour = Colour.BLUE): ...


@app.post("/merge", tags=["admin"], deprecated=True, summary="Merge two")
def merge(left: Item, right: Item, tags: list[str] = Query([])): ...


@app.get("/files/{file_path:path}")
def read_file(file_path: str): ...


router.include_router(inner, prefix="/{item_id}")
app.include_router(router, prefix="/v1")

# ruff: noqa: B008, FAST002, FBT001, FBT002, UP042 -- code to be read, as people write it
