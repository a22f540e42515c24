# The operator's image. Ordinary `docker build .` (BuildKit) and buildah both take it.
FROM debian:bookworm-slim AS build
# A layer of their own: a change of our sources must not install the compiler again.
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      g++ cmake ninja-build ccache mold \
      libboost-dev libcivetweb-dev libcli11-dev libcpprest-dev libfmt-dev libjemalloc-dev libsimdjson-dev libspdlog-dev \
      libssl-dev libyaml-cpp-dev nlohmann-json3-dev prometheus-cpp-dev tzdata \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY CMakeLists.txt CMakePresets.json VERSION ./
COPY cmake cmake
COPY crds crds
COPY include include
COPY src src
# What is kept between builds is the compiler's cache, which goes by content, not the build folder, which goes
# by time.
RUN --mount=type=cache,id=evenkeel-ccache,target=/root/.cache/ccache \
    cmake --preset release -B /build -DEVENKEEL_TESTS=OFF -DCMAKE_RUNTIME_OUTPUT_DIRECTORY=/build/bin \
 && cmake --build /build --target evenkeel -j "$(nproc)" \
 && install -D --strip /build/bin/evenkeel /image/usr/bin/evenkeel \
 && rm -rf /build

# The final image is the program with the closure of its shared objects, not a slim Debian with packages on
# top: a fifth of the size, and no shell, package manager or setuid program that would need patching. Two
# things this takes care of: nothing here may be opened with dlopen (glibc resolves names by itself since
# 2.34; OpenSSL's legacy provider is not used), and scanners find no package database, so the packages that
# the files come from are written down for them as /var/lib/dpkg/status.d/, which they read. Copyright files
# go along with the files they speak of.
RUN set -eu; \
    cp --parents --dereference /etc/ssl/certs/ca-certificates.crt /image/; \
    cp --parents --recursive /usr/share/zoneinfo /image/; \
    rm -rf /image/usr/share/zoneinfo/posix /image/usr/share/zoneinfo/right; \
    printf '%s\n' ca-certificates tzdata > /packages; \
    ldd /image/usr/bin/evenkeel | grep -o '/[^ ]*' | while read -r object; do \
      cp --parents --dereference "$object" /image/; \
      { dpkg-query -S "/usr$object" 2>/dev/null || dpkg-query -S "$object"; } | cut -d: -f1 >> /packages; \
    done; \
    mkdir -p /image/var/lib/dpkg/status.d; \
    sort -u /packages | while read -r package; do \
      dpkg-query -s "$package" > "/image/var/lib/dpkg/status.d/$package"; \
      cp --parents --dereference "/usr/share/doc/$package/copyright" /image/; \
    done; \
    cp --parents --dereference /etc/os-release /image/; \
    echo 'hosts: files dns' > /image/etc/nsswitch.conf; \
    echo 'evenkeel:x:65532:65532::/:/nonexistent' > /image/etc/passwd; \
    echo 'evenkeel:x:65532:' > /image/etc/group

FROM scratch
LABEL org.opencontainers.image.title="Evenkeel" \
      org.opencontainers.image.description="Sizes services over their backends and fails them over" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image /
ENV PATH=/usr/bin
USER 65532:65532
ENTRYPOINT ["/usr/bin/evenkeel"]
