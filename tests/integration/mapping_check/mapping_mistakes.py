"""Mistakes that people make in a mapping, each on one line of the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cutover_gates.drivers.mapping_check.causes import Cause
from tests.integration.mapping_check import response_changing_proxy

HERE = "# here"
FIELDS = ("mrn", "family_name", "given_name", "birth_date", "sex", "phone", "address")
USERS = ("registrar", "clinician", "auditor", "administrator", "outsider")


@dataclass(frozen=True)
class Mistake:
    """A mistake in a mapping, and what the check must find.

    `rest` is laid over the default dialect; its line with `# here` must be named. A mistake that is
    found before any request has the text `says` in its message; any other has a `cause`, and
    `actual` or `advice` hold these texts. `head` replaces the target's own table ({url} is the
    hospital's address, {port} its port). `dialect` is a file `dialect.toml`. `line` is the named
    line where none is marked. `change` is what a proxy before the hospital does.
    """

    name: str
    rest: str
    says: str = ""
    cause: Cause | None = None
    actual: str = ""
    advice: str = ""
    head: str = 'url = "{url}"\nrelease = "2.0.0"'
    line: str = ""
    dialect: str | None = None
    # Role → what stands in its table instead.
    users: Mapping[str, str] = field(default_factory=dict)
    # Role → what stands in its file instead.
    passwords: Mapping[str, str] = field(default_factory=dict)
    change: (
        Callable[
            [str, response_changing_proxy.ProxyResponse], response_changing_proxy.ProxyResponse
        ]
        | None
    ) = None
    tls: bool = False
    status: int = 1  # 4: found before any request


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
        "an-hour-that-is-none",
        '[targets.mine.rest.operations.open_visit]\nmethod = "POST"\npath = "/patients/{{'
        ' patient.id }}/visits"\njson = { reason = "{{ reason }}", until = "{{ now + hour(1) | iso'
        ' }}" } # here\n',
        "operations.open_visit.json.until = '{{ now + hour(1) | iso }}': there is no variable"
        " 'hour' here; did you mean 'hours'?",
        status=4,
    ),
    Mistake(
        "a-meaning-that-is-none",
        '[targets.mine.rest.parameters]\n"GET /patients/{id}" = "patint.id" # here\n',
        "parameters.GET /patients/{id} = 'patint.id': not known; did you mean 'patient.id'?",
        status=4,
    ),
    Mistake(
        "a-field-that-becomes-nothing",
        '[targets.mine.rest.becomes]\nfamily_name = "{{ draft.family | upper }}" # here\n',
        "becomes.family_name = '{{ draft.family | upper }}': draft has no 'family'",
        status=4,
    ),
    Mistake(
        "left-open-by-the-sketch",
        '[targets.mine.rest.answers.patient]\nmrn = "TODO" # here\n',
        "answers.patient.mrn = 'TODO': the sketch left this open; write what is right",
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
        cause=Cause.WRONG_ANSWER,
        actual="HTTP 201",
        advice="expect = [200, 201]",
    ),
    Mistake(
        "wrong-pointer",
        '[targets.mine.rest.answers.patient]\nmrn = "data.number" # here\n',
        cause=Cause.WRONG_ANSWER,
        advice="'mrn'",
    ),
    Mistake(
        "wrong-capture",
        '[[targets.mine.rest.setup]]\npath = "/auth/me"\ncapture = { place = "facilty.code" } #'
        ' here\n[targets.mine.rest.operations.open_visit]\nmethod = "POST"\npath = "/patients/{{'
        ' patient.id }}/visits"\nheaders = { X-Place = "{{ place }}" }\njson = { reason = "{{'
        ' reason }}", tag = "{{ run.tag }}" }\n',
        cause=Cause.WRONG_ANSWER,
    ),
    Mistake(
        "expired-secret",
        "",
        cause=Cause.SIGN_IN_REJECTED,
        passwords={"registrar": "last-year's-password"},
        line="[targets.mine.users.registrar]",
    ),
    Mistake(
        "account-without-the-right",
        "",
        cause=Cause.MISSING_RIGHT,
        advice="role of a registrar",
        users={"registrar": 'username = "auditor"\npassword_file = "auditor"'},
        line="[targets.mine.users.registrar]",
    ),
    Mistake(
        "wrong-host",
        "",
        cause=Cause.UNKNOWN_HOST,
        head='url = "http://hospital.invalid:{port}" # here\nrelease = "2.0.0"',
    ),
    Mistake(
        "closed-port",
        "",
        cause=Cause.NOTHING_LISTENS,
        head='url = "http://127.0.0.1:1" # here\nrelease = "2.0.0"',
    ),
    Mistake(
        "tls-where-plain-is-spoken",
        "",
        cause=Cause.PLAIN_HTTP_EXPECTED,
        head='url = "https://127.0.0.1:{port}" # here\nrelease = "2.0.0"',
    ),
    Mistake(
        "plain-where-tls-is-spoken",
        "",
        cause=Cause.NO_HTTP,
        tls=True,
        change=response_changing_proxy.as_it_is,
        head='url = "http://127.0.0.1:{port}" # here\nrelease = "2.0.0"',
    ),
    Mistake(
        "certificate-of-another",
        "",
        cause=Cause.UNTRUSTED_CERTIFICATE,
        tls=True,
        change=response_changing_proxy.as_it_is,
        head='url = "https://127.0.0.1:{port}" # here\nrelease = "2.0.0"',
    ),
    Mistake(
        "wrong-release",
        "",
        cause=Cause.WRONG_RELEASE,
        actual="'2.0.0'",
        head='url = "{url}"\nrelease = "2.1.0" # here',
    ),
    Mistake(
        "redirect-to-a-login-page",
        _register(rest="# the way is wrong").replace(
            'path = "/patients"', 'path = "/patients" # here'
        ),
        cause=Cause.WRONG_PATH,
        actual="redirected to",
        change=response_changing_proxy.to_login_page,
    ),
    Mistake(
        "a-login-page-with-200",
        _register().replace('path = "/patients"', 'path = "/patients" # here'),
        cause=Cause.PAGE_FOR_PEOPLE,
        change=response_changing_proxy.login_page,
    ),
    Mistake(
        "wrong-base-path",
        'base_path = "/api/v2" # here\n',
        cause=Cause.WRONG_PATH,
        actual="HTTP 404",
    ),
    Mistake(
        "wrong-media-type",
        _register(rest='headers = { Content-Type = "text/csv" } # here'),
        cause=Cause.INVALID_REQUEST,
        actual="text/csv",
    ),
    Mistake(
        "wrong-header-scheme",
        '[targets.mine.rest.token]\nvalue = "Token {{ token }}" # here\n',
        cause=Cause.TOKEN_REJECTED,
    ),
    Mistake(
        "token-from-the-wrong-place",
        '[targets.mine.rest.answers.session]\naccess = "acess_token" # here\n',
        cause=Cause.WRONG_ANSWER,
        advice="'access_token'",
    ),
    Mistake(
        "paging-that-never-ends",
        _search(
            'query = { mrn = "{{ query.mrn }}", name = "{{ query.name }}", nr = "{{'
            f' page.number }}}}", page_size = "{{{{ page.size }}}}" }}\nitems = "items"\n{_PAGING}'
            " # here"
        ),
        cause=Cause.WRONG_ANSWER,
    ),
    Mistake(
        "items-at-an-object",
        _search(f'{_QUERY}items = "@" # here\n{_PAGING}'),
        cause=Cause.WRONG_ANSWER,
        advice="'items'",
    ),
    Mistake(
        "wrong-total",
        _search(f'{_QUERY}items = "items"\ntotal = "page_size" # here\n{_PAGING}'),
        cause=Cause.WRONG_ANSWER,
        advice="'total'",
    ),
    Mistake(
        "a-filter-that-is-none",
        _search(
            'query = { number = "{{ query.mrn }}", name = "{{ query.name }}", page ='
            f' "{{{{ page.number }}}}" }} # here\nitems = "items"\n{_PAGING}'
        ),
        cause=Cause.ENDLESS_LIST,
        actual="20 requests",
    ),
    Mistake(
        "missing-word",
        '[targets.mine.rest.words.status] # here\nopen = "open"\nadmitted = "IN_PROGRESS"\n',
        cause=Cause.UNKNOWN_WORD,
        actual="'admitted'",
    ),
    Mistake(
        "wrong-word",
        '[targets.mine.rest.words.sex] # here\nfemale = "F"\n',
        cause=Cause.INVALID_REQUEST,
    ),
    Mistake(
        "a-refusal-that-never-matches",
        '[targets.mine.rest.refusals]\nduplicate = { status = [409], where = "type =='
        " 'duplicate'\" } # here\n",
        cause=Cause.UNKNOWN_REJECTION,
        actual="HTTP 409",
        advice="duplicate = { status = [409] }",
    ),
    Mistake(
        "one-refusal-for-another",
        "[targets.mine.rest.refusals]\ninvalid = { status = [400, 409, 422] }\nduplicate = { status"
        " = [409] } # here\nillegal-transition = { status = [409] }\n",
        cause=Cause.OTHER_REJECTION,
        actual="HTTP 409 as illegal-transition",
    ),
    Mistake(
        "a-refusal-in-success",
        "[targets.mine.rest.refusals]\nforbidden = { where = \"status == 'open'\" } # here\n",
        cause=Cause.REJECTION_IN_SUCCESS,
        actual="HTTP 201",
    ),
    Mistake(
        "wrong-method",
        _update('method = "PATCH" # here\npath = "/patients/{{ patient.id }}"\n'),
        cause=Cause.WRONG_METHOD,
        actual="HTTP 405",
    ),
    Mistake(
        "no-version-in-an-update",
        _update('method = "PUT"\npath = "/patients/{{ patient.id }}"\n').replace(
            "update]", "update] # here", 1
        ),
        cause=Cause.STALE_VERSION,
    ),
    Mistake(
        "upload-field-misnamed",
        '[targets.mine.rest.operations.upload]\nmethod = "POST"\npath = "/patients/{{ patient.id'
        ' }}/documents"\nmultipart = { document = "{{ upload }}" } # here\n',
        cause=Cause.INVALID_REQUEST,
        actual="invalid",
    ),
    Mistake(
        "bytes-from-the-wrong-place",
        '[targets.mine.rest.operations.content]\npath = "/patients/{{ patient.id }}/documents/{{'
        ' document.id }}" # here\n',
        cause=Cause.CHANGED_CONTENT,
    ),
    Mistake(
        "becomes-something-else",
        '[targets.mine.rest.becomes]\nfamily_name = "{{ draft.family_name | upper }}" # here\n',
        cause=Cause.CHANGED_PATIENT,
        actual="Okafor",
    ),
    Mistake(
        "becomes-no-date",
        '[targets.mine.rest.becomes]\nbirth_date = "{{ draft.birth_date.year }}" # here\n',
        cause=Cause.INVALID_MAPPING,
        actual="gives a int, and a birth date is a date",
    ),
    Mistake(
        "a-path-that-its-document-does-not-have",
        '[targets.mine.rest.parameters]\n"GET /api/v1/patient/{patient_id}" = "patient.id" # here\n',
        cause=Cause.INVALID_MAPPING,
        actual="did you mean 'GET /api/v1/patients/{patient_id}'?",
    ),
    Mistake(
        "no-search-by-birth-date",
        _search(f'{_QUERY.rstrip()} # here\nitems = "items"\n{_PAGING}'),
        cause=Cause.IGNORED_FILTER,
    ),
    Mistake(
        "only-who-has-an-address",
        _register().replace("{{ draft.address }}", "{{ draft.address.strip() }}").rstrip()
        + " # here\n",
        cause=Cause.INVALID_MAPPING,
        actual="'None' has no attribute 'strip'",
    ),
    Mistake(
        "a-type-that-is-not-taken",
        "",
        cause=Cause.WRONG_MEDIA_TYPE,
        advice="remove it from limits.document_types",
        head=(
            'url = "{url}"\nrelease = "2.0.0"\nlimits.document_types = ["application/pdf",'
            ' "application/dicom"]'
        ),
        line="operations.upload",
    ),
    Mistake(
        "ids-of-something-else",
        '[targets.mine.rest.answers.visit]\npatient_id = "id" # here\n',
        cause=Cause.WRONG_ID,
    ),
)

ALL = READ + FOUND
