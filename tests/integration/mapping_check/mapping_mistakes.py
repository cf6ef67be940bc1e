"""What people get wrong when they write a mapping.

Each is one line of the settings, marked `# here`, or the line that is told instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.integration.mapping_check import response_changing_proxy

HERE = "# here"
FIELDS = ("mrn", "family_name", "given_name", "birth_date", "sex", "phone", "address")
USERS = ("registrar", "clinician", "auditor", "administrator", "outsider")


@dataclass(frozen=True)
class Mistake:
    """`rest` is what the mapping says over the default dialect; its line with `# here` must be
    named, and `says` must stand in the sentence.

    `head` is the target's own table instead of the usual one ({url} is where the hospital is,
    {port} its port). `dialect` is a file `dialect.toml`. `line` is where another line is to be
    named than a marked one: the key in the default dialect. `change` is what a door before the
    hospital does.
    """

    name: str
    rest: str
    says: str
    head: str = 'url = "{url}"\nrelease = "2.0.0"'
    line: str = ""
    dialect: str | None = None
    users: Mapping[str, str] = field(
        default_factory=dict
    )  # role → what stands in its table instead
    passwords: Mapping[str, str] = field(
        default_factory=dict
    )  # role → what stands in its file instead
    change: (
        Callable[
            [str, response_changing_proxy.ProxyResponse], response_changing_proxy.ProxyResponse
        ]
        | None
    ) = None
    tls: bool = False
    status: int = 1  # 4: it is told before anything is asked


def _register(json: str = "", rest: str = "") -> str:
    """A registration of one's own: with something else in its body, or beside it."""
    usual = (
        'mrn = "{{ draft.mrn }}", family_name = "{{ draft.family_name }}", given_name = "{{'
        ' draft.given_name }}", birth_date = "{{ draft.birth_date }}", sex = "{{ draft.sex }}",'
        ' phone = "{{ draft.phone }}", address = "{{ draft.address }}", tag = "{{ run.tag }}"'
    )
    return (
        '[targets.mine.rest.operations.register]\nmethod = "POST"\npath ='
        f' "/patients"\n{rest}\njson = {{ {json or usual} }}\n'
    )


def _update(head: str) -> str:
    """An update of one's own."""
    return (
        f"[targets.mine.rest.operations.update]\n{head}\n[targets.mine.rest.operations.update.json]\n"
        + "\n".join(f'{name} = "{{{{ patient.{name} }}}}"' for name in FIELDS)
    )


def _search(rest: str) -> str:
    return (
        '[targets.mine.rest.operations.search]\npath = "/patients"\nanswer = { version ='
        f' "to_string(version)" }}\n{rest}\n'
    )


_QUERY = (
    'query = { mrn = "{{ query.mrn }}", name = "{{ query.name }}", page = "{{ page.number }}",'
    ' page_size = "{{ page.size }}" }\n'
)
_PAGING = 'paging = { style = "page", size = 200 }'

READ = (  # known before anything is asked
    Mistake(
        "misspelt-capture",
        _register(
            'mrn = "{{ draft.mrn }}", nr = "{{ number }}"', 'let = { numbr = "{{ unique() }}" }'
        )
        .replace("json =", "json =", 1)
        .rstrip()
        + " # here\n",
        "operations.register.json.nr = '{{ number }}': there is no variable 'number' here; did you"
        " mean 'numbr'?",
        status=4,
    ),
    Mistake(
        "captured-and-never-used",
        '[targets.mine.rest.operations.sign_in]\nmethod = "POST"\npath = "/auth/sign-in"\njson = {'
        ' username = "{{ credentials.username }}", password = "{{ credentials.password }}"'
        ' }\ncapture = { facilty = "facility" } # here\n',
        "operations.sign_in.capture.facilty = 'facility': captured, but never used",
        status=4,
    ),
    Mistake(
        "unknown-name-in-a-template",
        _register('mrn = "{{ draft.mnr }}"').rstrip() + " # here\n",
        "operations.register.json.mrn = '{{ draft.mnr }}': draft has no 'mnr'; did you mean 'mrn'?",
        status=4,
    ),
    Mistake(
        "missing-prerequisite",
        '[targets.mine.rest.operations.open_visit]\nmethod = "POST"\npath = "/patients/{{'
        ' patient.id }}/visits"\njson = { reason = "{{ reason }}", location = "{{ location }}" } #'
        " here\n",
        "there is no variable 'location' here",
        status=4,
    ),
    Mistake(
        "unknown-operation",
        '[targets.mine.rest.operations.registr] # here\npath = "/patients"\n',
        "operations.registr: not known; did you mean 'register'?",
        status=4,
    ),
    Mistake(
        "unknown-key",
        '[targets.mine.rest.operations.live]\nurl = "{{ base_url }}/health/live"\nexpects = [200] #'
        ' here\nanswer = { healthy = "status" }\n',
        "operations.live.expects: not known; did you mean 'expect'?",
        status=4,
    ),
    Mistake(
        "template-that-is-none",
        '[targets.mine.rest.operations.patient]\npath = "/patients/{{ patient.id }" # here\n',
        "operations.patient.path",
        status=4,
    ),
    Mistake(
        "path-that-is-none",
        '[targets.mine.rest.answers.patient]\nid = "data..id" # here\n',
        "answers.patient.id = 'data..id': not a JMESPath",
        status=4,
    ),
    Mistake(
        "one-word-for-two",
        '[targets.mine.rest.words.status]\nopen = "PENDING"\nadmitted = "PENDING" # here\n',
        "words.status.admitted = 'PENDING': also stands for 'open', so it cannot be read back",
        status=4,
    ),
    Mistake(
        "a-page-that-never-turns",
        _search(f'query = {{ mrn = "{{{{ query.mrn }}}}" }}\nitems = "items"\n{_PAGING} # here'),
        "no request uses {{ page.… }}, so the page would never turn",
        status=4,
    ),
    Mistake(
        "no-reason",
        '[targets.mine.rest.unsupported]\nrefresh = "" # here\n',
        "unsupported.refresh = '': say why: the verdict shows it",
        status=4,
    ),
    Mistake(
        "no-toml",
        "",
        "dialect.toml is not valid TOML",
        head='url = "{url}"\nrelease = "2.0.0"\nmapping = "dialect.toml"',
        dialect='extends = "default"\n[operations.live\n',
        line="line 2",
        status=4,
    ),
    Mistake(
        "no-file",
        "",
        "dialect.toml cannot be read: No such file",
        head='url = "{url}"\nrelease = "2.0.0"\nmapping = "dialect.toml"',
        line="dialect.toml",
        status=4,
    ),
    Mistake(
        "password-in-the-file",
        "",
        "targets.mine.users.registrar.password is a secret and may not stand in the file",
        users={"registrar": 'username = "registrar"\npassword = "hunter22"'},
        line="cutover.toml",
        status=4,
    ),
    Mistake(
        "unreadable-secret",
        "",
        "section [targets.mine.users.registrar], key 'password_file': the file cannot be read",
        users={"registrar": 'username = "registrar"\npassword_file = "nowhere"'},
        line="targets.mine.users.registrar",
        status=4,
    ),
    Mistake(
        "no-driver",
        "",
        "driver = 'rset': did you mean 'rest'?",
        head='url = "{url}"\nrelease = "2.0.0"\ndriver = "rset"',
        line="driver",
        status=4,
    ),
)

FOUND = (  # only the target can tell
    Mistake(
        "wrong-status",
        _register(rest="expect = [200] # here"),
        "expected HTTP 200, or a refusal that the mapping knows, came HTTP 201",
    ),
    Mistake(
        "wrong-pointer",
        '[targets.mine.rest.answers.patient]\nmrn = "data.number" # here\n',
        "write 'mrn'",
    ),
    Mistake(
        "wrong-capture",
        '[[targets.mine.rest.setup]]\npath = "/auth/me"\ncapture = { place = "facilty.code" } #'
        ' here\n[targets.mine.rest.operations.open_visit]\nmethod = "POST"\npath = "/patients/{{'
        ' patient.id }}/visits"\nheaders = { X-Place = "{{ place }}" }\njson = { reason = "{{'
        ' reason }}", tag = "{{ run.tag }}" }\n',
        "setup[0].capture.place = 'facilty.code'",
    ),
    Mistake(
        "expired-secret",
        "",
        "users.registrar",
        passwords={"registrar": "last-year's-password"},
        line="[targets.mine.users.registrar]",
    ),
    Mistake(
        "account-without-the-right",
        "",
        "the account lacks the right: give it the role of a registrar",
        users={"registrar": 'username = "auditor"\npassword_file = "auditor"'},
        line="[targets.mine.users.registrar]",
    ),
    Mistake(
        "wrong-host",
        "",
        "nobody knows a host of this name",
        head='url = "http://hospital.invalid:{port}" # here\nrelease = "2.0.0"',
    ),
    Mistake(
        "closed-port",
        "",
        "nobody listens there",
        head='url = "http://127.0.0.1:1" # here\nrelease = "2.0.0"',
    ),
    Mistake(
        "tls-where-plain-is-spoken",
        "",
        "write http:// instead of https://",
        head='url = "https://127.0.0.1:{port}" # here\nrelease = "2.0.0"',
    ),
    Mistake(
        "plain-where-tls-is-spoken",
        "",
        "write https:// where it speaks TLS",
        tls=True,
        change=response_changing_proxy.as_it_is,
        head='url = "http://127.0.0.1:{port}" # here\nrelease = "2.0.0"',
    ),
    Mistake(
        "certificate-of-another",
        "",
        "its certificate is not trusted",
        tls=True,
        change=response_changing_proxy.as_it_is,
        head='url = "https://127.0.0.1:{port}" # here\nrelease = "2.0.0"',
    ),
    Mistake(
        "wrong-release",
        "",
        "a target that says it is '2.0.0'",
        head='url = "{url}"\nrelease = "2.1.0" # here',
    ),
    Mistake(
        "redirect-to-a-login-page",
        _register(rest="# the way is wrong").replace(
            'path = "/patients"', 'path = "/patients" # here'
        ),
        "redirected to",
        change=response_changing_proxy.to_login_page,
    ),
    Mistake(
        "a-login-page-with-200",
        _register().replace('path = "/patients"', 'path = "/patients" # here'),
        "a page for people came where data was expected",
        change=response_changing_proxy.login_page,
    ),
    Mistake(
        "wrong-base-path", 'base_path = "/api/v2" # here\n', "answered HTTP 404; is the path right?"
    ),
    Mistake(
        "wrong-media-type",
        _register(rest='headers = { Content-Type = "text/csv" } # here'),
        "text/csv",
    ),
    Mistake(
        "wrong-header-scheme",
        '[targets.mine.rest.token]\nvalue = "Token {{ token }}" # here\n',
        "the token is not shown as it must be",
    ),
    Mistake(
        "token-from-the-wrong-place",
        '[targets.mine.rest.answers.session]\naccess = "acess_token" # here\n',
        "write 'access_token'",
    ),
    Mistake(
        "paging-that-never-ends",
        _search(
            'query = { mrn = "{{ query.mrn }}", name = "{{ query.name }}", nr = "{{'
            f' page.number }}}}", page_size = "{{{{ page.size }}}}" }}\nitems = "items"\n{_PAGING}'
            " # here"
        ),
        "operations.search.paging",
    ),
    Mistake(
        "items-at-an-object", _search(f'{_QUERY}items = "@" # here\n{_PAGING}'), "write 'items'"
    ),
    Mistake(
        "wrong-total",
        _search(f'{_QUERY}items = "items"\ntotal = "page_size" # here\n{_PAGING}'),
        "write 'total'",
    ),
    Mistake(
        "a-filter-that-is-none",
        _search(
            'query = { number = "{{ query.mrn }}", name = "{{ query.name }}", page ='
            f' "{{{{ page.number }}}}" }} # here\nitems = "items"\n{_PAGING}'
        ),
        "20 requests were sent, and there was no end",
    ),
    Mistake(
        "missing-word",
        '[targets.mine.rest.words.status] # here\nopen = "open"\nadmitted = "IN_PROGRESS"\n',
        "came 'admitted'",
    ),
    Mistake("wrong-word", '[targets.mine.rest.words.sex] # here\nfemale = "F"\n', "words.sex"),
    Mistake(
        "a-refusal-that-never-matches",
        '[targets.mine.rest.refusals]\nduplicate = { status = [409], where = "type =='
        " 'duplicate'\" } # here\n",
        "the target answered HTTP 409, which no rule knows",
    ),
    Mistake(
        "one-refusal-for-another",
        "[targets.mine.rest.refusals]\ninvalid = { status = [400, 409, 422] }\nduplicate = { status"
        " = [409] } # here\nillegal-transition = { status = [409] }\n",
        "the mapping reads its HTTP 409 as illegal-transition",
    ),
    Mistake(
        "a-refusal-in-success",
        "[targets.mine.rest.refusals]\nforbidden = { where = \"status == 'open'\" } # here\n",
        "this rule sees a refusal in HTTP 201",
    ),
    Mistake(
        "wrong-method",
        _update('method = "PATCH" # here\npath = "/patients/{{ patient.id }}"\n'),
        "HTTP 405",
    ),
    Mistake(
        "no-version-in-an-update",
        _update('method = "PUT"\npath = "/patients/{{ patient.id }}"\n').replace(
            "update]", "update] # here", 1
        ),
        "send the version that was read",
    ),
    Mistake(
        "upload-field-misnamed",
        '[targets.mine.rest.operations.upload]\nmethod = "POST"\npath = "/patients/{{ patient.id'
        ' }}/documents"\nmultipart = { document = "{{ upload }}" } # here\n',
        "the target refused: invalid",
    ),
    Mistake(
        "bytes-from-the-wrong-place",
        '[targets.mine.rest.operations.content]\npath = "/patients/{{ patient.id }}/documents/{{'
        ' document.id }}" # here\n',
        "expected the 1024 bytes that were sent",
    ),
    Mistake(
        "ids-of-something-else",
        '[targets.mine.rest.answers.visit]\npatient_id = "id" # here\n',
        "answers.visit.patient_id",
    ),
)

ALL = READ + FOUND
