"""Weaknesses by their CWE number: their name, their place in the OWASP Top 10 of 2025, and what they are akin to.

A family gathers numbers that two observers may give to the same flaw: one says CWE-89, another CWE-943.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

A01 = "A01:2025-Broken Access Control"
A02 = "A02:2025-Security Misconfiguration"
A03 = "A03:2025-Software Supply Chain Failures"
A04 = "A04:2025-Cryptographic Failures"
A05 = "A05:2025-Injection"
A06 = "A06:2025-Insecure Design"
A07 = "A07:2025-Authentication Failures"
A08 = "A08:2025-Software or Data Integrity Failures"
A09 = "A09:2025-Logging & Alerting Failures"
A10 = "A10:2025-Mishandling of Exceptional Conditions"

OWASP_2025 = (A01, A02, A03, A04, A05, A06, A07, A08, A09, A10)
"""The ten categories, in their order."""


@dataclass(frozen=True, slots=True)
class Weakness:
    """One entry of the CWE list.  `owasp` is None where the Top 10 has no place for it."""

    cwe: str
    name: str
    owasp: str | None
    family: str


def _table(*rows: tuple[int, str, str | None, str]) -> dict[str, Weakness]:
    return {f"CWE-{number}": Weakness(f"CWE-{number}", name, owasp, family) for number, name, owasp, family in rows}


WEAKNESSES = _table(
    # Injection
    (20, "Improper Input Validation", A05, "input-validation"),
    (74, "Injection", A05, "injection"),
    (77, "Command Injection", A05, "command-injection"),
    (78, "OS Command Injection", A05, "command-injection"),
    (79, "Cross-site Scripting", A05, "xss"),
    (80, "Basic Cross-site Scripting", A05, "xss"),
    (83, "Script in Attributes of a Web Page", A05, "xss"),
    (88, "Argument Injection", A05, "command-injection"),
    (89, "SQL Injection", A05, "query-injection"),
    (90, "LDAP Injection", A05, "ldap-injection"),
    (91, "XML Injection", A05, "xml-injection"),
    (93, "CRLF Injection", A05, "header-injection"),
    (94, "Code Injection", A05, "code-injection"),
    (95, "Eval Injection", A05, "code-injection"),
    (96, "Static Code Injection", A05, "code-injection"),
    (98, "PHP Remote File Inclusion", A05, "code-injection"),
    (113, "HTTP Response Splitting", A05, "header-injection"),
    (116, "Improper Encoding or Escaping of Output", A05, "xss"),
    (564, "SQL Injection: Hibernate", A05, "query-injection"),
    (643, "XPath Injection", A05, "xpath-injection"),
    (917, "Expression Language Injection", A05, "template-injection"),
    (943, "Injection into Data Query Logic", A05, "query-injection"),
    (134, "Externally-Controlled Format String", A05, "format-string"),
    (1336, "Template Engine Injection", A05, "template-injection"),
    (1427, "Prompt Injection", A05, "prompt-injection"),
    # Access control
    (22, "Path Traversal", A01, "path-traversal"),
    (23, "Relative Path Traversal", A01, "path-traversal"),
    (36, "Absolute Path Traversal", A01, "path-traversal"),
    (59, "Link Following", A01, "path-traversal"),
    (73, "External Control of File Name or Path", A06, "path-traversal"),
    (200, "Exposure of Sensitive Information", A01, "information-exposure"),
    (201, "Sensitive Information in Sent Data", A01, "information-exposure"),
    (276, "Incorrect Default Permissions", A01, "permissions"),
    (284, "Improper Access Control", A01, "authorisation"),
    (285, "Improper Authorization", A01, "authorisation"),
    (352, "Cross-Site Request Forgery", A01, "csrf"),
    (377, "Insecure Temporary File", A01, "temporary-file"),
    (379, "Temporary File in a Directory with Insecure Permissions", A01, "temporary-file"),
    (425, "Direct Request", A01, "authorisation"),
    (441, "Unintended Proxy", A01, "ssrf"),
    (538, "Sensitive Information in an Accessible File", A01, "information-exposure"),
    (552, "Files Accessible to External Parties", A01, "permissions"),
    (566, "Authorization Bypass through SQL Key", A01, "authorisation"),
    (601, "Open Redirect", A01, "open-redirect"),
    (639, "Authorization Bypass through User-Controlled Key", A01, "authorisation"),
    (668, "Exposure of Resource to Wrong Sphere", A01, "network-exposure"),
    (732, "Incorrect Permission Assignment", A01, "permissions"),
    (862, "Missing Authorization", A01, "authorisation"),
    (863, "Incorrect Authorization", A01, "authorisation"),
    (918, "Server-Side Request Forgery", A01, "ssrf"),
    # Misconfiguration
    (16, "Configuration", A02, "configuration"),
    (489, "Active Debug Code", A02, "debug"),
    (611, "XML External Entity Reference", A02, "xml-entities"),
    (614, "Cookie without Secure Attribute", A02, "cookie"),
    (776, "XML Entity Expansion", A02, "xml-entities"),
    (693, "Protection Mechanism Failure", A02, "headers"),
    (942, "Permissive Cross-domain Policy", A02, "cors"),
    (1275, "Cookie with Improper SameSite Attribute", A01, "cookie"),
    (1004, "Cookie without HttpOnly", A02, "cookie"),
    (1021, "Improper Restriction of Rendered UI Layers", A02, "framing"),
    # Supply chain
    (829, "Functionality from Untrusted Control Sphere", A08, "untrusted-code"),
    (937, "Using Components with Known Vulnerabilities", A03, "vulnerable-component"),
    (1035, "Vulnerable Third-Party Component", A03, "vulnerable-component"),
    (1104, "Unmaintained Third-Party Component", A03, "vulnerable-component"),
    (1395, "Dependency on Vulnerable Component", A03, "vulnerable-component"),
    # Cryptography
    (261, "Weak Encoding for Password", A04, "password-storage"),
    (295, "Improper Certificate Validation", A07, "certificate"),
    (297, "Certificate with Host Mismatch", A07, "certificate"),
    (311, "Missing Encryption of Sensitive Data", A04, "cleartext"),
    (312, "Cleartext Storage of Sensitive Information", A06, "cleartext"),
    (319, "Cleartext Transmission", A04, "cleartext"),
    (321, "Hard-coded Cryptographic Key", A04, "hard-coded-secret"),
    (322, "Key Exchange without Entity Authentication", A04, "host-key"),
    (326, "Inadequate Encryption Strength", A04, "weak-cryptography"),
    (327, "Broken or Risky Cryptographic Algorithm", A04, "weak-cryptography"),
    (328, "Weak Hash", A04, "weak-cryptography"),
    (329, "Predictable IV with CBC", A04, "weak-cryptography"),
    (330, "Insufficiently Random Values", A04, "randomness"),
    (338, "Weak Pseudo-Random Number Generator", A04, "randomness"),
    (347, "Improper Verification of Signature", A04, "signature"),
    (759, "One-Way Hash without a Salt", A04, "weak-cryptography"),
    (760, "One-Way Hash with a Predictable Salt", A04, "weak-cryptography"),
    (916, "Password Hash with Insufficient Effort", A04, "weak-cryptography"),
    # Design
    (256, "Plaintext Storage of a Password", A06, "cleartext"),
    (269, "Improper Privilege Management", A06, "privileges"),
    (362, "Race Condition", A06, "race"),
    (367, "Time-of-check Time-of-use Race", A06, "race"),
    (434, "Unrestricted Upload of Dangerous File", A06, "upload"),
    (522, "Insufficiently Protected Credentials", A06, "cleartext"),
    (501, "Trust Boundary Violation", A06, "trust-boundary"),
    (840, "Business Logic Errors", A06, "business-logic"),
    # Authentication
    (208, "Observable Timing Discrepancy", A07, "timing"),
    (259, "Hard-coded Password", A07, "hard-coded-secret"),
    (287, "Improper Authentication", A07, "authentication"),
    (306, "Missing Authentication for Critical Function", A07, "authentication"),
    (307, "Excessive Authentication Attempts", A07, "authentication"),
    (384, "Session Fixation", A07, "session"),
    (521, "Weak Password Requirements", A07, "authentication"),
    (613, "Insufficient Session Expiration", A07, "session"),
    (798, "Hard-coded Credentials", A07, "hard-coded-secret"),
    # Integrity
    (345, "Insufficient Verification of Data Authenticity", A08, "integrity"),
    (353, "Missing Support for Integrity Check", A08, "integrity"),
    (494, "Download of Code without Integrity Check", A08, "untrusted-code"),
    (502, "Deserialization of Untrusted Data", A08, "deserialisation"),
    (915, "Mass Assignment", A08, "mass-assignment"),
    (1007, "Visually Confusable Characters", A08, "hidden-text"),
    # Logging
    (117, "Improper Output Neutralization for Logs", A09, "log-injection"),
    (223, "Omission of Security-relevant Information", A09, "missing-log"),
    (532, "Sensitive Information in Log File", A09, "sensitive-log"),
    (778, "Insufficient Logging", A09, "missing-log"),
    # Exceptional conditions
    (209, "Error Message with Sensitive Information", A10, "information-exposure"),
    (248, "Uncaught Exception", A10, "error-handling"),
    (252, "Unchecked Return Value", A10, "error-handling"),
    (369, "Divide By Zero", A10, "arithmetic"),
    (390, "Error Condition without Action", A10, "error-handling"),
    (391, "Unchecked Error Condition", A10, "error-handling"),
    (394, "Unexpected Return Value", A10, "return-value"),
    (396, "Catch of Generic Exception", A10, "error-handling"),
    (476, "NULL Pointer Dereference", A10, "null"),
    (636, "Not Failing Securely", A10, "error-handling"),
    (703, "Improper Handling of Exceptional Conditions", A10, "error-handling"),
    (754, "Improper Check for Unusual Conditions", A10, "error-handling"),
    (755, "Improper Handling of Exceptional Conditions", A10, "error-handling"),
    # Outside the Top 10
    (119, "Improper Restriction of Memory Buffer Operations", None, "memory"),
    (120, "Classic Buffer Overflow", None, "memory"),
    (125, "Out-of-bounds Read", None, "memory"),
    (190, "Integer Overflow", None, "arithmetic"),
    (400, "Uncontrolled Resource Consumption", None, "resources"),
    (404, "Improper Resource Shutdown", None, "resource-leak"),
    (416, "Use After Free", None, "memory"),
    (561, "Dead Code", None, "dead-code"),
    (617, "Reachable Assertion", None, "assertion"),
    (682, "Incorrect Calculation", None, "arithmetic"),
    (770, "Allocation without Limits", None, "resources"),
    (772, "Missing Release of Resource", None, "resource-leak"),
    (787, "Out-of-bounds Write", None, "memory"),
    (835, "Infinite Loop", None, "resources"),
    (1077, "Floating Point Comparison with Incorrect Operator", None, "arithmetic"),
    (1088, "Synchronous Access without Timeout", None, "resources"),
    (1333, "Inefficient Regular Expression", None, "resources"),
)
"""Every weakness known here, by its number written `CWE-89`."""

_NUMBER = re.compile(r"(?:CWE)?[\s:_-]*0*([1-9]\d{0,5})", re.IGNORECASE)


def canonical_cwe(text: str | None) -> str | None:
    """`cwe 89`, `CWE-089: SQL Injection` and `89` as `CWE-89`; None when no number is there."""
    found = _NUMBER.match(text.strip()) if text else None
    return f"CWE-{found.group(1)}" if found else None


def owasp_of(cwe: str | None) -> str | None:
    """The category of the OWASP Top 10 of 2025 that a weakness belongs to; None when unknown or in none."""
    weakness = WEAKNESSES.get(cwe or "")
    return weakness.owasp if weakness else None


def family_of(cwe: str) -> str:
    """What a weakness is akin to; one that is not in the table is akin to itself alone."""
    weakness = WEAKNESSES.get(cwe)
    return weakness.family if weakness else cwe
