# The gates as an image: `docker build -t registry.example.org/cutover:0.1.0 .`, then docs/scale.md.
# What is installed is what was pinned: every package by its hash, nothing is compiled.

ARG PYTHON=python:3.11-slim

FROM ${PYTHON} AS packages
RUN python -m venv /venv
COPY requirements/constraints.txt /constraints.txt
RUN /venv/bin/pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes -r /constraints.txt
WORKDIR /cutover
COPY . .
# Editable: pytest compiles an installed package anew where it cannot write beside it (docs/decisions/0027). --no-deps: all that it needs is there.
RUN /venv/bin/pip install --no-cache-dir --no-deps -e . && /venv/bin/pip check
# There is no .git here: the verdict holds the files against this manifest. `--build-arg COMMIT=$(git rev-parse HEAD)` names the commit.
ARG COMMIT=
RUN /venv/bin/python src/cutover_gates/util/shipped_files.py "$COMMIT"

FROM ${PYTHON}
COPY --from=packages /venv /venv
COPY --from=packages /cutover /cutover
WORKDIR /cutover
# Nothing is written beside the code; reports go where CUTOVER_REPORTS says, best on a volume. HOME is for libraries that keep a cache.
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp CUTOVER_REPORTS=/reports/runs
RUN mkdir /reports && chown 1000:1000 /reports
VOLUME /reports
USER 1000:1000
# A gate's exit status is its verdict's: `docker run … -m phase3 --target staging --cutover-config=/settings/cutover.toml`.
ENTRYPOINT ["pytest", "-p", "no:cacheprovider"]
