# One image for every part; the command says which. `tests/integration/test_dockerfile.py` runs these steps as a script.
FROM python:3.11-slim
WORKDIR /srv/entrepot
COPY requirements/run.txt requirements/run.txt
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY wire wire
COPY runtime runtime
COPY edge edge
COPY gateway gateway
COPY firmware_sims firmware_sims
COPY entrepot entrepot
COPY config config
RUN .venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation -e .
RUN useradd --system --home /data --create-home entrepot
USER entrepot
VOLUME /data
ENTRYPOINT ["/srv/entrepot/.venv/bin/entrepot"]
CMD ["up", "--data", "/data"]
