from __future__ import annotations

import itertools
import random
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from manyeyes.recurrences import Recurrences
from manyeyes.redaction import Redactor
from manyeyes.secret_spans import _FORMATS, PLACEHOLDER
from manyeyes.secret_values import fold

KEY = "sk-ant-abc123abc123abc123abc1"
SECRET = "Zx9kkQ2pp"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (f'password = (\n    "{SECRET}"\n)\n', "a.py"),
        (f'password = (\n    "S3cr3tPartOne"\n    "{SECRET}"\n)\n', "a.py"),
        (f'password = "part0ne" + "{SECRET}"', "a.js"),
        (f'password = \\\n    "{SECRET}"\n', "a.py"),
        (f'const password =\n  "{SECRET}";', "a.js"),
        (f'password:\n  "{SECRET}"\n', "a.yaml"),
        (f"password:\n  {SECRET}\n", "a.yaml"),
        (f"password: |\n  {SECRET}\n", "a.yaml"),
        (f'- name: DB_PASSWORD\n  value: "{SECRET}"\n', "a.yaml"),
        (f'{{"pw":"{SECRET}"}}', "a.json"),
        (f'user_pw = "{SECRET}"', "a.py"),
        (f'if pw == "{SECRET}":', "a.py"),
        (f'if "{SECRET}" == password:', "a.py"),
        (f'conn="Server=db;Uid=sa;Pwd={SECRET};"', "a.py"),
        (f'conn = "Server=db;Password={SECRET}"', "a.cs"),
        (f'dsn = "host=db user=app password={SECRET} dbname=x"', "a.py"),
        (f'url = "jdbc:mysql://h/db?user=root&password={SECRET}"', "a.java"),
        (f"curl -u bob:{SECRET} https://example.org", "a.sh"),
        (f'os.system("curl --user bob:{SECRET} https://example.org")', "a.py"),
        (f"sshpass -p {SECRET} ssh host", "a.sh"),
        (f"sshpass -p '{SECRET}' ssh host", "a.sh"),
        (f"mysql -uroot -p{SECRET} db", "a.sh"),
        (f"tool --db-password={SECRET} run", "a.sh"),
        (f"tool --api-key {SECRET} run", "a.sh"),
        (f"DB_PASSWORD={SECRET} ./run", "a.sh"),
        (f"ENV DB_PASSWORD {SECRET}", "Dockerfile"),
        (f"machine example.org login bob password {SECRET}", ".netrc"),
        (f"<password>{SECRET}</password>", "a.xml"),
        (f'<add key="Password" value="{SECRET}"/>', "a.xml"),
        (f'{{"Authorization": "Token {SECRET}9f8a7b"}}', "a.py"),
        (f'curl -H "Authorization: ApiKey {SECRET}"', "a.sh"),
        (f'SECRET_KEY = b"\\x8f\\x12{SECRET}"', "a.py"),
        (f'private_key "{SECRET}";', "a.conf"),
        (f'secret.assign("{SECRET}",17);', "a.cpp"),
        (f'char my_password[25] = "{SECRET}";', "a.c"),
        (f"password: a,b({SECRET})", "a.yaml"),
        (f'requests.get(url, auth=("bob", "{SECRET}"))', "a.py"),
        (f'requests.get(url, auth = (\n    "bob",\n    "{SECRET}",\n))', "a.py"),
        (f"session.auth = ('bob','{SECRET}')", "a.py"),
        (f'httpx.BasicAuth("bob", password="{SECRET}")', "a.py"),
        (f'HTTPDigestAuth("bob", "{SECRET}")', "a.py"),
    ],
)
def test_secrets_of_everyday_form(text, path):
    redactor = Redactor()
    masked = redactor.mask(text, path)
    assert SECRET not in masked
    assert "S3cr3tPartOne" not in masked
    assert redactor.restore(masked) == text
    assert masked.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        'list(page_token="token_next_123")',
        '{"next_page_token": "AbC12345"}',
        "nextPageToken: 'AbC12345'",
        "continuation_token=b'stream_tok_hop_2'",
        'eos_token = "<|end0|>"',
        'if token == "#bygroup":',
        'if token == "x1":',
        "token='{\"title\":'",
        'if token_type == "access2":',
        'def f(credentials: "ga_credentials.AnonymousCredentials"): pass',
        "def f(token: \"Optional[Oauth2Token]\" = None, api_key: 'str | None' = None): pass",
        'class Token:\n    """Lexed2"""\n',
        'Literal["bearer_token", "oauth2", "basic"]',
        'out["progressToken"] = request_id2',
        "password_pattern = r'([a-zA-Z0-9_-]{44})'",
        'api_key="placeholder"',
        'header = "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"',
        "docker run -u 1000:1000 image",
        "sudo -u www-data:group1/x ls",
        'url = "urn:ietf:params:oauth:token-type:jwt2"',
        "authorization: str | None = None",
        'creds["access_token"] = new_access',
        'creds["access_token"] = new_access2',
        'auth=("basic", "digest")',
        'authors=("Bob B1", "Alice A2x")',
        "see risk-ant-colony-optimization-2",
    ],
)
def test_what_only_looks_like_a_secret_is_left_alone(text):
    assert Redactor().mask(text + "\n", "a.py") == text + "\n"


@pytest.mark.parametrize("path", ["", "a.md", "a.diff", "a.yaml"])
def test_what_is_put_into_a_mapping_is_code_in_any_file(path):
    text = 'creds["access_token"] = new_access2\n'
    assert Redactor().mask(text, path) == text


@pytest.mark.parametrize("key", ["sk-ant-api03-AbCd9f8f7e6d5c4b3a2f1e0d9c", "sk-proj-AbCd9f8f7e6d5c4b3a2f1e0d9c"])
def test_a_key_that_hangs_on_a_letter_is_one(key):
    masked = Redactor().mask(f"h{key} and x9{key}\n", "a.md")
    assert "AbCd9f8f" not in masked


SEPARATORS = ["\x85", "\u2028", "\u2029", "\r", "\r\n", "\n", "\x0b", "\x0c", "\x1c", "\x1e"]
PIECES = st.sampled_from(
    [
        *SEPARATORS,
        *"\"'`\\ a\t+<>(){}[]:=;&$,|",
        *('password = "', "hunter2X9!", "token=", "api_key: ", "://u:", "p4ssw0rd@h", "pw==", '"==password', "value: "),
        *("-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----", "MIIEowIBAAKCAQEAtestkeytestkey12"),
        *(KEY, "<secret:password:1>", "<secret:", "AKIAABCDEFGHIJKLMNOP", "eyJhbGciOiJI.eyJzdWIiOiIx.abc", "Pwd=Zx9k;"),
        *(
            "curl -u a:Zx9kkQ2pp",
            "--token Zx9kkQ2pp",
            "Authorization: Token 9f8a7b6c5d",
            "İ",
            "é",
            "\n  ",
            "password = (\n",
        ),
    ]
)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=16).map("".join), st.sampled_from(["", "a.py", "a.env", "a.yaml", "a.js"]))
def test_laws_of_texts_with_any_separator(text, path):
    redactor = Redactor()
    masked = redactor.mask(text, path)
    assert masked.count("\n") == text.count("\n")
    assert len(masked.splitlines()) == len(text.splitlines())
    assert redactor.mask(masked, path) == masked
    assert redactor.restore(masked) == text


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_separator_in_or_beside_a_secret_breaks_nothing(separator):
    for text in (f"api_key: \t{KEY}{separator}\r\nb: {KEY}", f'password = "abc1def2{separator}ghi3jkl4"\n'):
        redactor = Redactor()
        masked = redactor.mask(text, "a.yaml")
        assert KEY not in masked
        assert masked.count(separator) == text.count(separator)
        assert redactor.restore(masked) == text


@given(st.text())
def test_folding_keeps_every_character_in_its_place(text):
    assert len(fold(text)) == len(text)


@given(st.lists(st.text("ab1", min_size=6, max_size=12), max_size=12), st.text("ab1", max_size=200))
def test_recurrences_are_found_either_way(strings, text):
    few, many = Recurrences(strings), Recurrences(strings)
    expected = set()
    for at in range(len(text)):
        here = [string for string in strings if text.startswith(string, at)]
        if here:
            expected.add((at, max(here, key=len)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("manyeyes.recurrences._FEW", -1)
        assert set(many.find(text)) == expected
    covered = {place for at, string in few.find(text) for place in range(at, at + len(string))}
    assert covered <= {place for at, string in expected for place in range(at, at + len(string))}
    assert bool(covered) == bool(expected)


HINTS = sorted({hint for form in _FORMATS for hint in form.hints})
HOSTILE = [
    *(f"-{hint}" for hint in HINTS),
    *(f"{hint}aaaaaaaa" for hint in HINTS),
    *("password", "password=", 'password = "', 'password="\\"', "password(", "password\n", "'pw':", "token=", "token:"),
    *("passphrase", "secret_", "credentials", "api_key ", "access-key", "db_pass", "key" + " " * 40, "awskey", "pw "),
    *("cloudantkey=", "-us1", "sq0csp-", "123456789:", "AKC", "MNO.abcdef.", '"==', '"==password', "password='${{"),
    *("-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\n", "-----END PRIVATE KEY-----", "-----BEGIN "),
    *("Basic a", "bearer a", "authorization: a ", "://:", "://a:b", "//a:_authToken=", "<secret:", "<secret:a:1>"),
    *('"', "`", "'\"`", "+/", "aB3dE5gH7jK9", '"aB3dE5gH7jK9mN1pQ3sT5vX7"', "\\n", "a\n", "\r", "\u2028", "İ"),
]


def cost(text):
    best = float("inf")
    for _ in range(2):
        started = time.process_time()
        Redactor().mask(text, "a.txt")
        best = min(best, time.process_time() - started)
    return best


def test_the_time_grows_with_the_length_for_every_hint():
    Redactor().mask(f'x = "aB3dE5gH7jK9mN1pQ3sT5vX7zA"\nkey = {"a" * 64}\n')  # loads what is loaded once
    slow = []
    for pattern in HOSTILE:
        short, long = (pattern * (size // len(pattern)) for size in (6_000, 24_000))
        before, after = cost(short), cost(long)
        if after > 9 * before + 0.01:  # four times the length; sixteen times the time would be a square
            slow.append((pattern, before, after))
        if after > 0.2:
            slow.append((pattern, before, after))
    assert slow == []


@pytest.mark.parametrize("pattern", ["a = 1 #-sk", "-eyJaaaaaaaa", "password", 'password = "', "://a:", '"=="'])
def test_a_huge_line_ends_soon(pattern):
    text = pattern * (400_000 // len(pattern))
    started = time.process_time()
    Redactor().mask(text, "a.py")
    assert time.process_time() - started < 1.5


def test_thousands_of_secrets_end_soon():
    made = random.Random(7)
    text = "".join(f'{{"password": "{made.getrandbits(64):016x}"}}\n' for _ in range(8_000))
    started = time.process_time()
    redactor = Redactor()
    masked = redactor.mask(text, "a.jsonl")
    assert time.process_time() - started < 4
    assert len(set(PLACEHOLDER.findall(masked))) == 8_000
    assert redactor.restore(masked) == text


def test_an_ordinary_file_is_quick():
    lines = (
        "def handle(self, request, token=None, password=None):",
        '    value = self.settings.get("some_configuration_key", default="an ordinary text")',
        "    return [item.key for item in request.items if item.key != self.secret_name]",
    )
    text = "\n".join(lines * 1_000)
    assert cost(text) < 0.15


def test_other_threads_run_meanwhile():
    text = "-eyJaaaaaaaa password = '" * 20_000
    beats: list[float] = []
    done = threading.Event()

    def beat():
        while not done.wait(0.005):
            beats.append(time.perf_counter())

    thread = threading.Thread(target=beat)
    thread.start()
    Redactor().mask(text, "a.py")
    done.set()
    thread.join()
    gaps = [after - before for before, after in itertools.pairwise(beats)]
    assert gaps
    assert max(gaps) < 0.5


def test_keys_longer_than_a_piece_are_masked_whole():
    long = "sk-ant-" + "aB3" * 12_000
    for before in (0, 9_000, 15_999, 17_000):
        masked = Redactor().mask("x" * before + f" {long} end", "a.txt")
        assert masked == "x" * before + " <secret:anthropic-key:1> end"
