from __future__ import annotations

import ast
import json
import string
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from manyeyes.redaction import Redactor
from manyeyes.secret_spans import PLACEHOLDER

ALNUM = "aB3dE5gH7jK9mN1pQ3sT5vX7zA9bC1dE3fG5hJ7kL9mN1pQ3sT5vX7zA9bC1dE3"
HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
DIGITS = "123456789012"
JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
TOKENS = {
    "anthropic-key": f"sk-ant-api03-{ALNUM}-{ALNUM[:20]}AA",
    "openai-key": f"sk-proj-{ALNUM}",
    "google-key": f"AIza{ALNUM[:35]}",
    "github-token": f"ghp_{ALNUM[:36]}",
    "gitlab-token": f"glpat-{ALNUM[:20]}",
    "slack-token": f"xoxb-{DIGITS}-{DIGITS}-{ALNUM[:24]}",
    "aws-key": "AKIAIOSFODNN7EXAMPLE",
    "huggingface-token": f"hf_{ALNUM[:34]}",
    "npm-token": f"npm_{ALNUM[:36]}",
    "pypi-token": f"pypi-AgEIcHlwaS5vcmc{ALNUM}{ALNUM}",
    "jwt": JWT,
    "stripe-key": f"sk_live_{ALNUM[:24]}",
    "sendgrid-key": f"SG.{ALNUM[:22]}.{ALNUM[:43]}",
    "twilio-key": f"SK{HEX[:32]}",
}
MORE = [
    ("openai-key", f"sk-{ALNUM[:48]}"),
    ("github-token", f"github_pat_{ALNUM[:22]}_{ALNUM[:59]}"),
    ("github-token", f"gho_{ALNUM[:36]}"),
    ("aws-key", "ASIAIOSFODNN7EXAMPLE"),
    ("slack-token", f"xoxp-{DIGITS}-{DIGITS}-{ALNUM[:24]}"),
    ("slack-token", f"xoxa-2-{DIGITS}-{ALNUM[:24]}"),
    ("stripe-key", f"rk_live_{ALNUM[:24]}"),
    ("telegram-token", f"123456789:{ALNUM[:35]}"),
    ("mailchimp-key", f"{HEX[:32]}-us12"),
    ("digitalocean-token", f"dop_v1_{HEX}"),
]


def pem(kind="RSA PRIVATE KEY", count=6):
    body = [(ALNUM * 3)[n : n + 64] for n in range(count)]
    return "\n".join((f"-----BEGIN {kind}-----", *body, "Qx==", f"-----END {kind}-----"))


@pytest.mark.parametrize(("kind", "token"), [*TOKENS.items(), *MORE])
@pytest.mark.parametrize(
    "frame", ['x = "{}"\n', "# see {} there\n", "curl -H 'k: {}'\n", "{}", 'f("a", {{"k": "{}"}})\n']
)
def test_known_formats(kind, token, frame):
    redactor = Redactor()
    text = frame.format(token)
    masked = redactor.mask(text, "a.py")
    assert masked == frame.format(f"<secret:{kind}:1>")
    assert redactor.restore(masked) == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('url = "postgres://app:s3cr3t-pw@db.local/x"', "s3cr3t-pw"),
        ("redis://:onlypassword9@cache:6379", "onlypassword9"),
        ('password = "correcthorse"', "correcthorse"),
        ("PASSWORD = 'p4ss!word'", "p4ss!word"),
        ('password: str = "Tr0ub4dor&3"', "Tr0ub4dor&3"),
        ('connect(user="x", passwd="Tr0ub4dor&3")', "Tr0ub4dor&3"),
        ('os.getenv("DB_PASSWORD", "Tr0ub4dor&3")', "Tr0ub4dor&3"),
        ('cfg["secret_key"] = "Tr0ub4dor&3"', "Tr0ub4dor&3"),
        ('{"client_secret": "Tr0ub4dor&3"}', "Tr0ub4dor&3"),
        ('password = """Tr0ub4dor&3"""', "Tr0ub4dor&3"),
        ("const apiKey = `Tr0ub4dor&3`;", "Tr0ub4dor&3"),
        ('if password == "Tr0ub4dor&3":', "Tr0ub4dor&3"),
        ('.password("Tr0ub4dor&3")', "Tr0ub4dor&3"),
        ('{"Authorization": "Bearer 0a1b2c3d4e5f6g7h8i9j"}', "0a1b2c3d4e5f6g7h8i9j"),
        ('blob = "q3Zt8LwXo2Rk9VbN4mYs7UcD1eHf6Gp5"', "q3Zt8LwXo2Rk9VbN4mYs7UcD1eHf6Gp5"),
        (f'salt = "{HEX[:40]}"', HEX[:40]),
        ("https://hooks.slack.com/services/T00000000/B00000000/abcdefABCDEF012345678901", "abcdefABCDEF012345678901"),
        ("AccountKey=" + ALNUM + ALNUM[:22] + "==;", ALNUM + ALNUM[:22]),
        (
            'aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"',
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ),
    ],
)
def test_secrets_by_where_they_stand(text, secret):
    masked = Redactor().mask(text + "\n", "a.py")
    assert secret not in masked
    assert "<secret:" in masked


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("API_TOKEN=k3yv4lue99\n", "deploy.sh"),
        ("export DB_PASSWORD=k3yv4lue99\n", ""),
        ("password: k3yv4lue99  # prod\n", "config.yaml"),
        ("secret_key = k3yv4lue99\n", "app.ini"),
        ("ENV APP_SECRET=k3yv4lue99\n", "Dockerfile"),
        ("//npm.example.com/:_authToken=k3yv4lue99\n", "x.txt"),
    ],
)
def test_values_without_quotes_in_configuration(text, path):
    assert "k3yv4lue99" not in Redactor().mask(text, path)


@pytest.mark.parametrize(
    "text",
    [
        'password = os.environ["DB_PASSWORD"]',
        "password = get_password(user)",
        'PASSWORD_FIELD = "user_password"',
        'form["password"]',
        'token = f"Bearer {token}"',
        'password = "${DB_PASSWORD}"',
        'password = "<your password>"',
        'SECRET_FILE = "/run/secrets/db"',
        'token_url = "https://example.org/oauth/token"',
        'help_password = "Enter your password:"',
        'password = ""',
        "password = None",
        'if token == "lambda":',
        'fields = ["password", "username", "email"]',
        'key = "primary"',
        'sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
        'uuid = "123e4567-e89b-12d3-a456-426614174000"',
        'alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"',
        'name = "some/long/path-to/a_module/file2"',
        'url = "https://user@example.org/x"',
        'url = f"postgres://{user}:{password}@{host}/db"',
        "task-management risk-assessment mask-everything",
        'if "-----BEGIN RSA PRIVATE KEY-----" in text:',
        "thisIsALongCamelCaseIdentifierWithNumbers2AndMore = 1",
        "def authenticate(user, password): pass",
        "tokenize('x = 3')",
        'sources = ["scanner:secret",\n    "rule:S1057x"]',
        "policy = \"script-src 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='\"",
        "tag = '<script integrity=\"sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC\">'",
    ],
)
def test_ordinary_code_is_left_alone(text):
    assert Redactor().mask(text + "\n", "a.py") == text + "\n"


@pytest.mark.parametrize(
    "kind", ["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"]
)
def test_private_keys_line_by_line(kind):
    key = pem(kind)
    redactor = Redactor()
    masked = redactor.mask(f'KEY = """{key}\n"""\nx = 1\n', "a.py")
    lines = masked.splitlines()
    assert len(lines) == len(key.splitlines()) + 2
    assert lines[0] == 'KEY = """<secret:private-key:1>'
    assert all(PLACEHOLDER.fullmatch(line) for line in lines[1:-2])
    assert lines[-2:] == ['"""', "x = 1"]
    ast.parse(masked)


def quoted(line):
    return f'    "{line}\\n"'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps({"type": "service_account", "private_key": pem("PRIVATE KEY") + "\n"})),
        ("a.py", "KEY = (\n" + "\n".join(quoted(line) for line in pem().splitlines()) + "\n)\n"),
        ("a.yml", "key: |\n" + "\n".join(f"  {line}" for line in pem().splitlines()) + "\n"),
        ("a.sh", "\n".join(f"# {line}" for line in pem().splitlines()) + "\n"),
        ("a.diff", "\n".join(f"+{line}" for line in pem().splitlines()) + "\n"),
        ("a.txt", pem().replace("\n", "\r\n")),
        ("begin.txt", "\n".join(pem().splitlines()[:-2]) + "\nand so on\n"),
        ("end.txt", "cut\n" + "\n".join(pem().splitlines()[3:]) + "\n"),
        (
            "head.txt",
            pem().replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,ABCDEF0123456789\n\n", 1),
        ),
    ],
)
def test_private_keys_in_all_their_dresses(name, text):
    redactor = Redactor()
    masked = redactor.mask(text, name)
    shown = [line for line in pem().splitlines()[1:-2] if line in text and line in masked]
    assert shown == []
    assert masked.count("\n") == text.count("\n")
    assert redactor.restore(masked) == text
    assert redactor.mask(masked, name) == masked
    if name.endswith(".json"):
        json.loads(masked)
    if name.endswith(".py"):
        ast.parse(masked)
    if name == "a.diff":
        assert all(line.startswith("+") for line in masked.splitlines())
    if name == "begin.txt":
        assert masked.endswith("\nand so on\n")


def test_the_same_secret_has_one_placeholder_and_is_found_again():
    redactor = Redactor()
    first = redactor.mask('password = "Tr0ub4dor&3"\n')
    assert first == 'password = "<secret:password:1>"\n'
    assert redactor.mask("the log says Tr0ub4dor&3 was wrong") == "the log says <secret:password:1> was wrong"
    assert redactor.mask_values("again Tr0ub4dor&3") == "again <secret:password:1>"
    assert redactor.mask('secret = "Other4Value!"\n') == 'secret = "<secret:password:2>"\n'


def test_words_that_are_passwords_are_masked_only_as_whole_strings():
    redactor = Redactor()
    text = 'password = "admin"\ndef admin(): pass\nlogin("admin", "administrator")\n'
    masked = redactor.mask(text, "a.py")
    assert masked == (
        'password = "<secret:password:1>"\ndef admin(): pass\nlogin("<secret:password:1>", "administrator")\n'
    )


def test_several_texts_teach_each_other():
    masked = Redactor().mask_all([("a.txt", "see k9$Lm2!pQ7x"), ("b.py", 'password = "k9$Lm2!pQ7x"')])
    assert masked == ["see <secret:password:1>", 'password = "<secret:password:1>"']


def test_off_masks_the_operators_keys_alone():
    redactor = Redactor(enabled=False, known=("operator-key-value",))
    text = f'password = "Tr0ub4dor&3" operator-key-value {TOKENS["aws-key"]}'
    assert redactor.mask(text) == text.replace("operator-key-value", "<secret:operator-key:1>")
    assert redactor.mask_values(text) == redactor.mask(text)


def test_own_words_that_look_like_placeholders_stay_their_own():
    redactor = Redactor()
    text = f'a = "<secret:aws-key:1>"\nb = "{TOKENS["aws-key"]}"\n'
    masked = redactor.mask(text)
    assert masked == 'a = "<secret:aws-key:1>"\nb = "<secret:aws-key:2>"\n'
    assert redactor.restore(masked) == text


def test_escapes_do_not_break_a_string():
    for text in ('password = "ab\\"cd1234"\n', "password = 'it\\'s 4 you'\n", 'password = "a1b2c3\\\\"\n'):
        masked = Redactor().mask(text, "a.py")
        assert masked != text
        ast.parse(masked)


SECRETS = st.sampled_from([*TOKENS.values(), *(token for _, token in MORE)])
RANDOM = st.text(string.ascii_letters + string.digits, min_size=24, max_size=40).map(lambda text: f"sk-proj-9{text}")
FRAMES = st.sampled_from(
    [
        'x = "{}"',
        "# {}",
        "f('{}', 2)",
        "password = '{}'",
        'API_KEY="{}"',
        "{}",
        "a {} b",
        '{{"token": "{}"}}',
        "x = 1",
        "",
    ]
)
DOCUMENTS = st.lists(st.tuples(FRAMES, SECRETS | RANDOM), max_size=8)
WILD = st.text(alphabet="abkA1 \"'`=:@/\\\n\r\t<>#{}()-_.,é\u2028", max_size=60)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DOCUMENTS, st.lists(WILD, max_size=4))
def test_laws(parts, wild):
    text = "\n".join([frame.format(secret) for frame, secret in parts] + wild)
    redactor = Redactor()
    masked = redactor.mask(text, "a.py")
    assert len(masked.splitlines()) == len(text.splitlines())
    assert masked.count("\n") == text.count("\n")
    assert redactor.mask(masked, "a.py") == masked
    assert redactor.restore(masked) == text
    for frame, secret in parts:
        if "{}" in frame:
            assert secret not in masked


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=200) | WILD | st.builds("{}password{}".format, WILD, WILD), st.sampled_from(["a.py", "a.yaml", ""])
)
def test_laws_of_any_text(text, path):
    redactor = Redactor()
    masked = redactor.mask(text, path)
    assert len(masked.splitlines()) == len(text.splitlines())
    assert redactor.mask(masked, path) == masked
    assert redactor.restore(masked) == text


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["password", "x", "api_key", "token"]), st.text(max_size=30)), min_size=1, max_size=6
    )
)
def test_python_still_parses(pairs):
    source = "\n".join(f"{name} = {value!r}" for name, value in pairs if max(value, default="a") < "\ud7ff") + "\n"
    ast.parse(source)
    ast.parse(Redactor().mask(source, "a.py"))


def test_threads_agree():
    redactor = Redactor()
    results: list[str] = []
    texts = [f'password = "Tr0ub4dor&{n % 7}x"\n' for n in range(140)]

    def work(part):
        results.extend(redactor.mask(text) for text in part)

    threads = [threading.Thread(target=work, args=(texts[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(results)) == 7
    assert len(results) == 140


def test_it_is_fast_and_does_not_choke():
    redactor = Redactor()
    redactor.mask(f'x = "{ALNUM[:40]}"\npassword = "abc1234!"\n', "a.py")
    lines = (
        "def handle(self, request, token=None, password=None):",
        '    value = self.settings.get("some_configuration_key", default="an ordinary text")',
        "    return [item.key for item in request.items if item.key != self.secret_name]",
    )
    started = time.process_time()
    redactor.mask("\n".join(lines * 1000), "a.py")
    assert time.process_time() - started < 0.3
    for hostile in (
        "password='" * 20_000,
        "://a:" * 20_000,
        "a" * 300_000,
        '"' * 100_000,
        "token=" * 30_000,
        "-----BEGIN PRIVATE KEY-----" * 3_000,
    ):
        started = time.process_time()
        redactor.mask(hostile, "a.py")
        assert time.process_time() - started < 5, hostile[:20]


def test_nothing_heavy_is_imported_before_it_is_needed():
    code = "import sys, manyeyes.redaction as r; r.Redactor().mask('x = 1'); sys.exit('detect_secrets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
