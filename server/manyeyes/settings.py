"""The operator's settings: the only reader of the environment and of `manyeyes.toml`.

A variable `MANYEYES_SECTION_KEY` and the key `key` of `[section]` in the file mean the same; the variable wins.
The vendors' own variables (`ANTHROPIC_API_KEY`, `OPENAI_BASE_URL`, …) are read under their own names.  The file
lies in the user's configuration folder or at `MANYEYES_CONFIG`, never in a project: a repository under review
configures nothing here.
"""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Mapping  # noqa: TC003  # pydantic reads it
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from manyeyes.errors import SettingsError
from manyeyes.types import Json, Modality, Tier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic_core import ErrorDetails

PREFIX = "MANYEYES_"
PROJECT_MARKS = (".git", ".hg", "pyproject.toml", "package.json", "go.mod", "Cargo.toml", "pom.xml", "setup.py")
"""What makes a folder a project."""

Privacy = Literal["redact", "local-only", "off"]

_SERVER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,23}")
"""A server's name is a part of its tools' names, which vendors bound."""
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "te"})
_OPEN_HEADERS = frozenset(
    {"accept", "accept-language", "cache-control", "content-type", "origin", "referer", "user-agent"}
    | {"x-requested-with"}
)
"""What anyone sends: masked, it would spoil every text."""
_SHORTEST_PART = 8
"""Characters of a header's part that is masked by itself; shorter ones are ordinary words."""
_VARIABLE_IN = re.compile(r"\$(?:\$|\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Vendor(_Section):
    """Access to one vendor.  `base_url` is None for the vendor's own address."""

    key: SecretStr | None = None
    base_url: str | None = None

    @field_validator("base_url")
    @classmethod
    def _http(cls, url: str | None) -> str | None:
        return None if url is None else _web_address(url)


class OpenAI(Vendor):
    """`api` picks the protocol; by default Responses, and Chat Completions where a base URL is set."""

    api: Literal["responses", "chat"] | None = None


class Google(Vendor):
    """`api_version` goes into the address; None leaves it to the SDK."""

    api_version: str | None = None


class Endpoint(_Section):
    """A named endpoint that speaks OpenAI's Chat Completions: Ollama, vLLM, LM Studio, OpenRouter, a gateway.

    Attributes:
        url: Base address, with `/v1` where the server has it.
        key: Sent as bearer token; many local servers need none.
        models: The models to use there, best first; empty asks the server on `manyeyes models`.
        tier: What tier the router takes them for.
        window: Their context window in tokens.
        max_output: The longest answer they give, in tokens.
        modalities: What they take in.
        schema_mode: How a shape is asked for; `prompt` for servers that know no `response_format`.
        usd_per_mtok_input, usd_per_mtok_output: Their price; unknown when not given, nothing on loopback.
    """

    url: str
    key: SecretStr | None = None
    models: tuple[str, ...] = ()
    tier: Tier = Tier.BALANCED
    window: int = Field(default=32_768, gt=0)
    max_output: int = Field(default=4_096, gt=0)
    modalities: tuple[Modality, ...] = ("text",)
    schema_mode: Literal["json_schema", "json_object", "prompt"] = "json_schema"
    usd_per_mtok_input: float | None = Field(default=None, ge=0)
    usd_per_mtok_output: float | None = Field(default=None, ge=0)

    @field_validator("url")
    @classmethod
    def _http(cls, url: str) -> str:
        return _web_address(url)

    @property
    def local(self) -> bool:
        """True when the address is this machine's loopback, by its form alone: names are not looked up."""
        return is_loopback(urlsplit(self.url).hostname or "")


class Budget(_Section):
    """Upper limits of what models may cost, in US dollars, for one tool call and for one day; None is no limit."""

    usd_per_call: float | None = Field(default=None, ge=0)
    usd_per_day: float | None = Field(default=None, ge=0)


class State(_Section):
    """Where runs and statistics are kept: `sqlite:///PATH`; `sqlite://` keeps them in memory."""

    url: str | None = None


class Cache(_Section):
    """Answers that are kept, so that the same question is not paid for twice.

    Attributes:
        enabled: Whether answers are kept and looked up.
        ttl_s: How old an answer may be, in seconds.
        max_bytes: How much may be kept; what was not used for longest goes first.
    """

    enabled: bool = True
    ttl_s: float = Field(default=604_800.0, gt=0)
    max_bytes: int = Field(default=67_108_864, gt=0)


class Scripted(_Section):
    """The scripted provider, for tests and for building plug-ins: `file` holds its answers as JSON."""

    file: Path | None = None


class RoutingRule(_Section):
    """A row of the routing table: which vendors to ask for a kind of task, in order, and which tier of theirs."""

    vendors: tuple[str, ...] = Field(min_length=1)
    tier: Tier | None = None


class McpServer(_Section):
    """Another MCP server, whose tools models may use while they answer or look around.

    Attributes:
        command: The program to start; it speaks MCP over its standard input and output.
        args: Its arguments. It starts in your home folder, so name files by absolute paths.
        env: Variables it is given beside the harmless ones of yours. Keys of model vendors are not among those.
        url: Instead of a command, the address of a server that speaks streamable HTTP.
        headers: Sent with each request to that address.
        tools: The tools models may use, by name or pattern such as `read_*`. None unless named here.
        allow_destructive: Offer also tools that are not marked as read-only; they may change or delete things.
        timeout_s: Seconds that its start, and each call, may take.
    """

    command: str | None = Field(default=None, min_length=1)
    args: tuple[str, ...] = ()
    env: Mapping[str, SecretStr] = {}
    url: str | None = None
    headers: Mapping[str, SecretStr] = {}
    tools: tuple[str, ...] = ()
    allow_destructive: bool = False
    timeout_s: float = Field(default=30.0, gt=0)

    @field_validator("url")
    @classmethod
    def _http(cls, url: str | None) -> str | None:
        return None if url is None else _web_address(url)

    @model_validator(mode="after")
    def _one_way_in(self) -> McpServer:
        if (self.command is None) == (self.url is None):
            raise ValueError("must have either a command or a url")
        return self

    @property
    def local(self) -> bool:
        """True when it runs on this machine: started here, or at a loopback address."""
        return self.url is None or is_loopback(urlsplit(self.url).hostname or "")


class Limits(_Section):
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


class Osv(_Section):
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
        return _web_address(url)

    @property
    def local(self) -> bool:
        """True when the address is this machine's loopback, by its form alone."""
        return is_loopback(urlsplit(self.url).hostname or "")


class Dast(_Section):
    """What `scan_type: dast` may send, and where.  Nothing is probed that is not listed, loopback included.

    Attributes:
        targets: Origins that may be probed, each with scheme, host and port: `http://127.0.0.1:8000`.
        unsafe_methods: Whether POST, PUT, PATCH and DELETE may be sent; they change what the application stores.
        requests_per_second: No more requests than this in a second.
        max_requests: No more requests than this in one scan.
        max_seconds: Seconds after which a scan sends nothing more.
        max_pages: No more pages than this are read to find inputs.
        timeout_s: Seconds that one answer may take.
        callback: `http://host:port` at which the target reaches this machine: a listener is opened there to hear
            whether the target asks for an address it was given. Not needed where the target is on loopback.
        headers: Sent with each request, to probe as someone who is logged in; the variable has one `Name: value` a
            line. `$NAME` in a value is the variable NAME, `$$` a dollar sign. They are in no result and no log.
        headers_for: Which of several `targets` gets them.
        engines: Other people's scanners to run as well, held to the same bounds: `wapiti`, `schemathesis`.
        wapiti: Its program: a name on the `PATH`, or an absolute path.
        schemathesis: Likewise; it is also found where Many Eyes is installed.
    """

    targets: tuple[str, ...] = ()
    unsafe_methods: bool = False
    requests_per_second: float = Field(default=20.0, gt=0)
    max_requests: int = Field(default=3_000, gt=0)
    max_seconds: float = Field(default=240.0, gt=0)
    max_pages: int = Field(default=100, gt=0)
    timeout_s: float = Field(default=10.0, gt=0)
    callback: str | None = None
    headers: Mapping[str, SecretStr] = {}
    headers_for: str | None = None
    engines: tuple[Literal["wapiti", "schemathesis"], ...] = ()
    wapiti: str = Field(default="wapiti", min_length=1)
    schemathesis: str = Field(default="schemathesis", min_length=1)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of the headers must be shown nowhere: their values, and the words and cookies that these consist of."""
        given = [one.get_secret_value() for name, one in self.headers.items() if name.lower() not in _OPEN_HEADERS]
        parts = [_value_in(part) for value in given for part in re.split(r"[\s;,]+", value)]
        return tuple(dict.fromkeys([*given, *(part for part in parts if len(part) >= _SHORTEST_PART)]))

    @field_validator("headers", mode="before")
    @classmethod
    def _lines(cls, headers: object) -> object:
        """A variable's lines as a table."""
        return header_lines(headers.splitlines()) if isinstance(headers, str) else headers

    @field_validator("headers")
    @classmethod
    def _fit_to_send(cls, headers: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
                raise ValueError(f"cannot have the header {name!r}")
            text = value.get_secret_value()
            if not text or not text.isascii() or not text.isprintable():
                raise ValueError(f"must have a value in one line of plain ASCII for {name}")
        return headers

    @model_validator(mode="after")
    def _whose_headers(self) -> Dast:
        if self.headers_for is not None and self.headers_for.rstrip("/") not in self.targets:
            raise ValueError("has `headers_for`, which must be one of `targets`")
        if self.headers and self.headers_for is None and len(self.targets) > 1:
            raise ValueError("has `headers` and several `targets`: say in `headers_for` which of them gets the headers")
        return self

    @field_validator("targets")
    @classmethod
    def _origins(cls, targets: tuple[str, ...]) -> tuple[str, ...]:
        for target in targets:
            parts = urlsplit(_web_address(target))
            if parts.path or parts.query or parts.fragment or parts.username is not None:
                raise ValueError("must be origins such as http://127.0.0.1:8000, without a path or a user")
        return tuple(target.rstrip("/") for target in targets)

    @field_validator("callback")
    @classmethod
    def _listener(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(_web_address(url))
        if parts.scheme != "http" or parts.port is None or parts.path.strip("/"):
            raise ValueError("must be an address such as http://192.0.2.10:8099, with a port and without a path")
        return _web_address(url)


class ExternalScanner(_Section):
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


class Security(_Section):
    """Scanners of yours, each a `[[security.external]]` in the file."""

    external: tuple[ExternalScanner, ...] = ()

    @field_validator("external")
    @classmethod
    def _apart(cls, scanners: tuple[ExternalScanner, ...]) -> tuple[ExternalScanner, ...]:
        names = [one.name for one in scanners]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"names {twice[0]!r} twice; give each scanner a name of its own")
        return scanners


class Retry(_Section):
    """When the same model is asked again.

    Attributes:
        attempts: How often a model is asked at most when no other is left to ask.
        attempts_with_others: The same while other models are left: asking the next is quicker than waiting.
        backoff_s: Seconds that the first wait lasts at most; each further one at most twice as long. The wait is drawn
            at random from nothing up to that.
        longest_backoff_s: Seconds that no such wait exceeds.
        retry_after_cap_s: Seconds that a vendor may ask to wait while other models are left; if it asks for more the
            next is asked at once. With none left the deadline alone decides.
    """

    attempts: int = Field(default=4, gt=0)
    attempts_with_others: int = Field(default=2, gt=0)
    backoff_s: float = Field(default=0.5, gt=0)
    longest_backoff_s: float = Field(default=8.0, gt=0)
    retry_after_cap_s: float = Field(default=10.0, ge=0)


class Patience(_Section):
    """How long a model may be silent.

    Attributes:
        first_token_s: Seconds until the first sign of an answer; some models reason in silence.
        stall_s: Seconds between two pieces of an answer.
        share: With other models left to ask, the part of the time left that one answer may take, so that one that
            only trickles leaves time for the next. Its first sign may take half of that.
    """

    first_token_s: float = Field(default=90.0, gt=0)
    stall_s: float = Field(default=45.0, gt=0)
    share: float = Field(default=0.7, gt=0, le=1)


class Breaker(_Section):
    """When a model that keeps failing is not asked for a while.

    Attributes:
        failures: So many failures in a row are too many.
        share: So are failures of this part of the last calls.
        calls: As many calls are needed before that part means anything.
        window_s: Seconds that a call is remembered for it.
        open_s: Seconds until one call tries again; twice as long after each try that fails.
        longest_open_s: Seconds that this time never exceeds.
        denied_s: Seconds for a vendor that refused the key, or a model that is not served.
    """

    failures: int = Field(default=5, gt=0)
    share: float = Field(default=0.5, gt=0, le=1)
    calls: int = Field(default=10, gt=0)
    window_s: float = Field(default=60.0, gt=0)
    open_s: float = Field(default=30.0, gt=0)
    longest_open_s: float = Field(default=120.0, gt=0)
    denied_s: float = Field(default=300.0, gt=0)


class Hedge(_Section):
    """When a second model is asked beside one that is slow; the first good answer wins.

    Attributes:
        enabled: Whether a second model is asked at all.
        quantile: The part of a model's latest calls whose first token came sooner than it must take now to be slow.
        extra_share: As many second calls are made at most, as a part of all calls.
        min_samples: As many calls of a model must be known before it is called slow.
    """

    enabled: bool = True
    quantile: float = Field(default=0.97, gt=0, le=1)
    extra_share: float = Field(default=0.05, ge=0, le=1)
    min_samples: int = Field(default=20, gt=0)


class Rate(_Section):
    """How fast one vendor or endpoint may be asked by this process.

    Attributes:
        requests_per_minute: No more requests than this in any minute; the vendor's own limits are kept to anyway, as
            far as it tells them.
        tokens_per_minute: No more tokens than this in any minute, prompt and answer. Until an answer is there its
            longest form counts.
        concurrent: No more requests than this at the same time.
    """

    requests_per_minute: int | None = Field(default=None, gt=0)
    tokens_per_minute: int | None = Field(default=None, gt=0)
    concurrent: int = Field(default=64, gt=0)


class Support(_Section):
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


class Learning(_Section):
    """How models are chosen by what was learned of them, among those that the rules allow.

    Attributes:
        enabled: Whether anything is learned and used; else the rules alone decide.
        usd: What a dollar is worth, in units of quality: 0.2 means that 5 dollars outweigh a perfect answer.
        second: What a second is worth, in units of quality.
        least: As many outcomes of a model in a kind of work are needed before it may lead because of them. Until one
            has so many, the rules alone decide. In the kinds that `careful` names it takes 20 at least.
        explore_share: The part of choices that may go to a model that is not thought best, to learn of it; 0 for none.
        explore_first: So many of such choices in 30 days are granted before their share counts, since they bring most
            while little is known.
        explore_usd_per_day: US dollars that such calls are expected to cost a day (UTC), all together, at most.
        careful: Kinds of work in which nothing is tried out.
        seed: With equal seeds, equal knowledge gives equal choices.
    """

    enabled: bool = True
    usd: float = Field(default=0.2, ge=0)
    second: float = Field(default=0.0, ge=0)
    least: int = Field(default=3, gt=0)
    explore_share: float = Field(default=0.1, ge=0, le=0.5)
    explore_first: int = Field(default=40, ge=0)
    explore_usd_per_day: float = Field(default=1.0, ge=0)
    careful: tuple[str, ...] = ("security_scan",)
    seed: int = 0


class Settings(_Section):
    """Everything an operator can set.  See `docs/settings.md` for each key, its variable and its default."""

    roots: tuple[Path, ...] = ()
    privacy: Privacy = "redact"
    deadline_s: float = Field(default=300.0, gt=0)
    toolsets: tuple[str, ...] = ("default",)
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    anthropic: Vendor = Vendor()
    openai: OpenAI = OpenAI()
    google: Google = Google()
    endpoints: Mapping[str, Endpoint] = {}
    mcp_servers: Mapping[str, McpServer] = {}
    scripted: Scripted = Scripted()
    budget: Budget = Budget()
    state: State = State()
    cache: Cache = Cache()
    limits: Limits = Limits()
    support: Support = Support()
    osv: Osv = Osv()
    dast: Dast = Dast()
    security: Security = Security()
    retry: Retry = Retry()
    patience: Patience = Patience()
    breaker: Breaker = Breaker()
    hedge: Hedge = Hedge()
    learning: Learning = Learning()
    rates: Mapping[str, Rate] = {}
    routing: Mapping[str, RoutingRule] = {}
    models: Mapping[str, str] = {}
    """Which model is the default of a family's tier: `"anthropic.flagship" = "claude-opus-4-7"`."""
    _missing_roots: tuple[str, ...] = PrivateAttr(default=())

    @property
    def missing_roots(self) -> tuple[str, ...]:
        """Roots that were set and are no folders here, as they were written or resolved; they are not in `roots`."""
        return self._missing_roots

    @model_validator(mode="after")
    def _endpoint_names(self) -> Settings:
        taken = {"anthropic", "openai", "google", "compatible", "scripted"} & set(self.endpoints)
        if taken:
            raise ValueError(f"an endpoint cannot be called {min(taken)!r}; choose another name")
        return self

    @field_validator("mcp_servers")
    @classmethod
    def _server_names(cls, servers: Mapping[str, McpServer]) -> Mapping[str, McpServer]:
        for name in servers:
            if not _SERVER_NAME.fullmatch(name):
                raise ValueError(f"{name!r} cannot be a server's name; use up to 24 letters, digits, - and _")
        return servers


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an address such as https://host/v1")
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its form alone; a name other than `localhost` never is."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _value_in(part: str) -> str:
    """The value of `name=value`, whose name is no secret; anything else as it is, such as a token that ends in `==`."""
    name, _, value = part.partition("=")
    return value.strip('"') if value.strip('="') and re.fullmatch(r"[\w-]{1,40}", name) else part


def header_lines(lines: Iterable[str]) -> dict[str, str]:
    """Headers from lines such as `Name: value`.

    Raises:
        ValueError: a line is none; it is not repeated, since it may hold a secret.
    """
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if line.strip():
            if not colon or not name.strip():
                raise ValueError("must be lines such as `Authorization: Bearer $TOKEN`")
            headers[name.strip()] = value.strip()
    return headers


def with_variables(text: str, environ: Mapping[str, str]) -> str:
    """A text with `$NAME` and `${NAME}` replaced by what the variable holds, and `$$` by a dollar sign.

    Raises:
        SettingsError: a variable is not set.
    """

    def held(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name is None:
            return "$"
        if not environ.get(name):
            raise SettingsError(f"A header names ${name}, which is not set. Set it; a dollar sign is written $$.")
        return environ[name].strip()

    return _VARIABLE_IN.sub(held, text)


def found_program(program: str) -> str | None:
    """Where a program lies: on the `PATH`, or beside our own; None when it is not there.

    One with a folder in its name must be an absolute path.  Folders of the search path that are not absolute are left
    out: they would lie wherever the server was started.
    """
    if Path(program).name != program:
        return program if Path(program).is_absolute() and os.access(program, os.X_OK) else None
    folders = [part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(part).is_absolute()]
    return shutil.which(program, path=os.pathsep.join([*folders, str(Path(sys.executable).parent)]))


def load(environ: Mapping[str, str] | None = None, *, cwd: Path | None = None) -> Settings:
    """Read the operator's settings.

    Args:
        environ: The environment; the process's own by default.
        cwd: The working directory, for the default root; the process's own by default.

    Raises:
        SettingsError: a file cannot be read, or a key or variable is unknown or has an impossible value.
    """
    environ = os.environ if environ is None else environ
    path = config_path(environ)
    values = _read_file(path, named=bool(environ.get("MANYEYES_CONFIG")))
    for key, value in _from_environment(environ):
        _put(values, key, value)
    _name_variables(values, environ)
    if not values.get("roots"):
        values["roots"] = list(map(str, default_roots(Path.cwd() if cwd is None else cwd, environ)))
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(_explain(error, path)) from None
    found, missing = _folders(settings.roots)
    settings = settings.model_copy(update={"roots": found})
    settings._missing_roots = missing  # noqa: SLF001  # its own, which a copy cannot be given
    return settings


def _name_variables(values: dict[str, Json], environ: Mapping[str, str]) -> None:
    """Put what variables hold into the headers of [dast] that name them."""
    section = values.get("dast")
    headers = section.get("headers") if isinstance(section, dict) else None
    if isinstance(section, dict) and isinstance(headers, str):
        section["headers"] = with_variables(headers, environ)
    elif isinstance(section, dict) and isinstance(headers, dict):
        section["headers"] = {
            name: with_variables(value, environ) if isinstance(value, str) else value for name, value in headers.items()
        }


def _folders(roots: tuple[Path, ...]) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """The roots that are folders, resolved, and those that are none.

    A server that did not start for one of them could tell its client nothing; so each call names them instead.
    """
    found: dict[Path, None] = {}
    missing: dict[str, None] = {}
    for root in roots:
        try:
            real = root.expanduser().resolve()
            there = real.is_dir()
        except (OSError, RuntimeError, ValueError):  # no such user, a circle of links, a character no path has
            real, there = root, False
        if there:
            found[real] = None
        else:
            missing[str(real)] = None
    return tuple(found), tuple(missing)


def config_path(environ: Mapping[str, str]) -> Path:
    """Where the operator's file lies (it need not exist): `MANYEYES_CONFIG`, else the user's configuration folder."""
    if named := environ.get("MANYEYES_CONFIG"):
        return Path(named).expanduser()
    return user_folder(environ, "config") / "manyeyes.toml"


def user_folder(environ: Mapping[str, str], kind: Literal["config", "data"]) -> Path:
    """The user's own folder for Many Eyes, by each system's custom (XDG, Library, AppData)."""
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    if sys.platform == "win32":
        return Path(environ.get("APPDATA") or home / "AppData" / "Roaming") / "manyeyes"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "manyeyes"
    variable, fallback = (
        ("XDG_CONFIG_HOME", home / ".config") if kind == "config" else ("XDG_DATA_HOME", home / ".local" / "share")
    )
    return Path(environ.get(variable) or fallback) / "manyeyes"


def default_roots(cwd: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The working directory when it is a project, and nothing when it is a home, `/` or just some folder."""
    cwd = cwd.resolve()
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home()).resolve()
    if cwd in {home, *home.parents}:
        return ()
    return (cwd,) if any((cwd / mark).exists() for mark in PROJECT_MARKS) else ()


_VENDOR_VARIABLES = {
    "ANTHROPIC_API_KEY": "anthropic.key",
    "ANTHROPIC_BASE_URL": "anthropic.base_url",
    "OPENAI_API_KEY": "openai.key",
    "OPENAI_BASE_URL": "openai.base_url",
    "GEMINI_API_KEY": "google.key",
    "GOOGLE_API_KEY": "google.key",  # read after GEMINI_API_KEY: the SDK prefers it too
    "GOOGLE_GEMINI_BASE_URL": "google.base_url",
}
_LISTS = {"toolsets", "models", "modalities", "vendors", "targets", "args", "tools", "careful", "engines"}
_TOP_LEVEL = {"roots", "privacy", "deadline_s", "toolsets", "log_level"}
_NAMED_SECTIONS: Mapping[str, type[_Section]] = {
    "endpoints": Endpoint,
    "mcp_servers": McpServer,
    "routing": RoutingRule,
    "rates": Rate,
}
_SECTIONS = (
    "support",
    "anthropic",
    "openai",
    "google",
    "scripted",
    "budget",
    "state",
    "cache",
    "limits",
    "osv",
    "dast",
    "security",
    "retry",
    "patience",
    "breaker",
    "hedge",
    "learning",
)
_NOT_SETTINGS = {"config"}


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, Json]]:
    """The settings that variables make, as dotted keys."""
    for variable, key in _VENDOR_VARIABLES.items():
        if value := environ.get(variable, "").strip():
            yield key, value
    for variable in sorted(environ):
        value = environ[variable].strip()
        if not variable.startswith(PREFIX) or not value:
            continue
        key = _dotted(variable)
        if key in _NOT_SETTINGS:
            continue
        last = key.rpartition(".")[2]
        if key == "roots":
            yield key, [part for part in value.split(os.pathsep) if part]
        elif last in _LISTS:
            yield key, [part.strip() for part in value.split(",") if part.strip()]
        else:
            yield key, value


def _dotted(variable: str) -> str:
    """`MANYEYES_BUDGET_USD_PER_CALL` as `budget.usd_per_call`; endpoint names go in lower case."""
    name = variable.removeprefix(PREFIX).lower()
    if name in _TOP_LEVEL:
        return name
    for section, model in _NAMED_SECTIONS.items():
        if name.startswith(f"{section}_"):
            rest = name.removeprefix(f"{section}_")
            for key in sorted(model.model_fields, key=len, reverse=True):
                if rest.endswith(f"_{key}"):
                    return f"{section}.{rest.removesuffix(f'_{key}')}.{key}"
    for section in _SECTIONS:
        if name.startswith(f"{section}_"):
            return f"{section}.{name.removeprefix(f'{section}_')}"
    return name


def _put(values: dict[str, Json], dotted: str, value: Json) -> None:
    *sections, key = dotted.split(".")
    for section in sections:
        inner = values.setdefault(section, {})
        if not isinstance(inner, dict):
            raise SettingsError(f"`{section}` must be a section, [{section}].")
        values = inner
    values[key] = value


def _read_file(path: Path, *, named: bool) -> dict[str, Json]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if named:
            raise SettingsError(f"MANYEYES_CONFIG names {path}, which does not exist.") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None


def _explain(error: ValidationError, path: Path) -> str:
    """The first fault in one line.  Values are not repeated: one of them may be a key."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    key = ".".join(str(part) for part in fault["loc"]) or "settings"
    variable = PREFIX + key.replace(".", "_").upper()
    if fault["type"] == "extra_forbidden":
        return f"There is no setting `{key}` ({variable}, or in {path}). See docs/settings.md for those there are."
    said = in_words(fault)
    if not fault["loc"]:
        return f"{said[:1].upper()}{said[1:]} (in the environment, or in {path})."
    return f"Setting `{key}` ({variable}, or in {path}) {said}."


def in_words(fault: ErrorDetails) -> str:
    """What is wrong with a value, said of it in plain words: `must be greater than 0`."""
    message = fault["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if fault["type"] == "missing":
        return "is missing"
    if fault["type"] in {"tuple_type", "list_type"}:
        return "must be a list"
    if fault["type"] in {"dict_type", "mapping_type", "model_type", "model_attributes_type"}:
        return "must be a section with keys of its own"
    # What the library tried with the text interests nobody who wrote it.
    message = message.partition(", unable to parse")[0].partition(", unable to interpret")[0]
    for said, meant in (("a valid boolean", "true or false"), ("a valid integer", "a whole number")):
        message = message.replace(said, meant)
    for said, meant in (("Input should be ", "must be "), ("String should ", "must "), ("Value should ", "must ")):
        if message.startswith(said):
            return meant + message.removeprefix(said)
    return message if message.startswith("must ") or not fault["loc"] else f"is not usable: {message}"
