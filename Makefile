# A convenience only: what counts is .ci/run.
.PHONY: test lint race ci
test:
	go test ./...
lint:
	gofmt -l . && go vet ./... && go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
race:
	go test -race -short ./...
ci:
	.ci/run
