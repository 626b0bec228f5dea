# The images of listenq: targets agent, aggregator and cli. See docs/images.md.
ARG VERSION=0.1.0

# ---------------------------------------------------------------------------------------------------------
FROM debian:12 AS build

# Apart from the sources, so that a change of them installs nothing again.
COPY dev /src/dev
RUN /src/dev build-deps && rm -rf /var/lib/apt/lists/*

COPY . /src
WORKDIR /src
# As ./dev has it: what one checkout compiled serves the others. How large the cache may be is for its owner to say.
ENV CCACHE_DIR=/ccache CCACHE_BASEDIR=/src CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=locale CCACHE_MAXSIZE=0 \
    CCACHE_STATSLOG=/tmp/ccache
RUN --mount=type=cache,target=/ccache \
    cmake -S . -B build/image -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DLISTENQ_BUILD_TESTS=OFF -DLISTENQ_STATIC_LIBC=ON \
          -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache && \
    cmake --build build/image --target listenq listenq-agent listenq-aggregator && \
    ccache --show-log-stats && \
    tools/image_root /image/agent build/image/agent/listenq-agent && \
    tools/image_root /image/aggregator build/image/aggregator/listenq-aggregator build/image/client/listenq && \
    tools/image_root /image/cli build/image/client/listenq && \
    rm -rf build

# ---------------------------------------------------------------------------------------------------------
# The client as a file, for any Linux: docker build --target program --output FOLDER .
FROM scratch AS program
COPY --from=build /image/cli/usr/bin/listenq /

FROM scratch AS base
ARG VERSION
LABEL org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"

# Root, because only root has in a container the capabilities it is given.
FROM base AS agent
LABEL org.opencontainers.image.title="listenq-agent" \
      org.opencontainers.image.description="Listen queues, drops and net sysctls of every container on a node"
COPY --from=build /image/agent /
USER 0:0
ENTRYPOINT ["/usr/bin/listenq-agent"]

# Both a cluster's aggregator and a node's front.
FROM base AS aggregator
LABEL org.opencontainers.image.title="listenq-aggregator" \
      org.opencontainers.image.description="One answer from many listenq agents, with metrics"
COPY --from=build /image/aggregator /
USER 65532:65532
ENTRYPOINT ["/usr/bin/listenq-aggregator"]

FROM base AS cli
LABEL org.opencontainers.image.title="listenq-cli" \
      org.opencontainers.image.description="Command-line client of listenq"
COPY --from=build /image/cli /
USER 65532:65532
ENTRYPOINT ["/usr/bin/listenq"]
