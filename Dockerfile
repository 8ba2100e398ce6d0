# The penstock image: the Debian package is built in the first stage and installed in the second.
# SPDX-License-Identifier: Apache-2.0
#
#   docker build -t penstock .
#   docker run --rm -v "$PWD:/data" penstock run pipelines/migrate.yaml
#   docker run -p 8080:8080 -v /etc/penstock:/etc/penstock:ro -v penstock:/data penstock      # docs/install.md

FROM debian:bookworm-slim AS build
WORKDIR /src/penstock
COPY . .
RUN apt-get update && apt-get install -y --no-install-recommends dpkg-dev && apt-get build-dep -y --no-install-recommends -P nocheck ./
RUN DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" dpkg-buildpackage -us -uc -b -Pnocheck

FROM debian:bookworm-slim
COPY --from=build /src/penstock_*.deb /tmp/
# The drivers of the databases, and what the health check needs.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl libsqliteodbc odbc-mariadb odbc-postgresql /tmp/penstock_*.deb && rm -rf /var/lib/apt/lists/* /tmp/penstock_*.deb
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin penstock && install -d -o penstock -g penstock -m 0750 /data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
# /healthz says that the process answers, /readyz that it takes work; neither needs a key. Another port than 8080: --health-cmd.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["curl", "-fsS", "-o", "/dev/null", "http://localhost:8080/healthz"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/penstock"]
CMD ["serve", "/etc/penstock/serve.yaml"]
