# Encore's web, worker and release in one image; compose.yaml names their commands.
FROM python:3.13-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
RUN useradd --system --uid 10001 --home-dir /nonexistent encore
WORKDIR /encore
COPY requirements.txt ./
RUN pip install --require-hashes --requirement requirements.txt
COPY Procfile ./
COPY app app
COPY copy copy
COPY docs/openapi.yaml docs/openapi.yaml
COPY migrations migrations
COPY static static
USER encore
