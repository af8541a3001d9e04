"""Bounds and sources of the tools' own work: what is read, advisories, scanners, customer service."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from manyeyes.settings.addresses import is_loopback, web_address
from manyeyes.settings.section import Section


class Limits(Section):
    """Bounds on what one call may read and show.

    Attributes:
        file_bytes: A larger file is not read.
        total_bytes: No more than this is read in one call.
        files: No more files than this are read in one call.
        findings: As many findings of a review as are worth a reader's time; the rest are counted. A scan has all.
        lock_bytes: A larger manifest or lock file is not read by a scan of dependencies.
        media_bytes: Images, documents, sound and film of one question together may be no larger.
    """

    file_bytes: int = Field(default=2_000_000, gt=0)
    total_bytes: int = Field(default=20_000_000, gt=0)
    files: int = Field(default=5_000, gt=0)
    findings: int = Field(default=8, gt=0)
    lock_bytes: int = Field(default=16_000_000, gt=0)
    media_bytes: int = Field(default=18_000_000, gt=0)


class Osv(Section):
    """Where advisories on packages come from, for scans of dependencies.

    Attributes:
        url: Base address of OSV's service or of a mirror that answers like it; it is told packages and versions.
        db: A folder or zip of OSV records on this machine; nobody is asked then.
        concurrent: No more requests than this at the same time.
        timeout_s: Seconds that one request may be silent.
        patience_s: Seconds that all requests of one scan may take together.
        keep_s: How old a kept answer may be, in seconds.
    """

    url: str = "https://api.osv.dev"
    db: Path | None = None
    concurrent: int = Field(default=6, gt=0, le=32)
    timeout_s: float = Field(default=10.0, gt=0)
    patience_s: float = Field(default=60.0, gt=0)
    keep_s: float = Field(default=21_600.0, ge=0)

    @field_validator("url")
    @classmethod
    def _http(cls, url: str) -> str:
        return web_address(url)

    @property
    def local(self) -> bool:
        """True when the address is this machine's loopback, by its form alone."""
        return is_loopback(urlsplit(self.url).hostname or "")


class ExternalScanner(Section):
    """A scanner of yours that `scan_type: sast` runs beside its own engines; it writes SARIF 2.1.0.

    Attributes:
        name: How its findings are marked.
        command: The program and its arguments, without a shell. `{paths}` becomes the files to scan, `{root}` the
            folder they lie in, which is also where the command starts, and `{output}` a file for it to write to; else
            its standard output is read. A scanner that reads its settings from the project obeys the project.
        timeout_s: Seconds after which it is stopped.
        languages: It is given files of these languages, as `python`; all files when empty.
    """

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,31}$")
    command: tuple[str, ...] = Field(min_length=1)
    timeout_s: float = Field(default=120.0, gt=0)
    languages: tuple[str, ...] = ()


class Security(Section):
    """Scanners of yours, each a `[[security.external]]` in the file."""

    external: tuple[ExternalScanner, ...] = ()

    @field_validator("external")
    @classmethod
    def _apart(cls, scanners: tuple[ExternalScanner, ...]) -> tuple[ExternalScanner, ...]:
        names = [one.name for one in scanners]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"names {twice[0]!r} twice; give each scanner a name of its own")
        return scanners


class Support(Section):
    """How customers are answered.

    Attributes:
        company: Who answers, in a line or two: name, trade, tone. Told to the model.
        knowledge: A folder of Markdown and text that answers may rest on.
        classifier: What `manyeyes support train` made; by default the file beside the state, else the packaged one.
        prompts: Instructions of your own by intent, each a text file: `complaint = "/etc/complaint.txt"`. Only in
            the file.
        never_promise: What a reply must never promise, one rule each: `a refund before the goods are back`. Only in
            the file.
        keep_days: Days that a conversation is kept after its last message.
        history_turns: As many turns are told in full; older ones are summarised.
        confidence: An answer that a model is less sure of goes to a person.
    """

    company: str = Field(default="", max_length=2_000)
    knowledge: Path | None = None
    classifier: Path | None = None
    prompts: Mapping[str, Path] = {}
    never_promise: tuple[str, ...] = Field(default=(), max_length=50)
    keep_days: float = Field(default=30.0, gt=0)
    history_turns: int = Field(default=12, ge=2, le=100)
    confidence: float = Field(default=0.5, ge=0, le=1)
