# Two stages, and the files beside this one:
#   container-builder --build-arg REGISTRY=HOST[:PORT][/PATH] multi-stage-docker.sif multi-stage.Dockerfile
ARG REGISTRY=docker.io/library
FROM ${REGISTRY}/busybox:1 AS build
COPY files /files
RUN <<END
mkdir /out
sort -rn /files/data/numbers.txt > /out/sorted.txt
END

FROM ${REGISTRY}/busybox:1
COPY --from=build --chmod=0644 /out /opt
LABEL org.opencontainers.image.title="sorted numbers"
ENV FILE=/opt/sorted.txt
ENTRYPOINT ["/bin/sh", "-c", "cat $FILE"]
