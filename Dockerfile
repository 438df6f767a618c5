# One image of one program: docker build --build-arg PROGRAM=./cmd/loader -t loader .
# Released images are made by ko (.ko.yaml), which needs no Docker engine; this is for those who have one.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG PROGRAM=./cmd/loader TARGETOS TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags='-s -w' -o /program $PROGRAM

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /program /program
ENTRYPOINT ["/program"]
