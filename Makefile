# Kn: `make demo` and `make test` each do everything by themselves, from packages to the last line.
.PHONY: all deps build demo test fuzz lint format bench size clean

all: build

deps:            ## Debian packages and NuGet restore (root, or sudo)
	@build/deps.sh

build:           ## out/kn and out/kn-lab: native, stripped, symbols apart in out/symbols
	@build/native.sh

demo: deps build ## a cluster of three nodes on this machine, step by step
	@build/as-root.sh out/kn-lab demo

test: deps build ## unit, netns and e2e tests; the last line is 'N passed, N failed'
	@build/test.sh

fuzz: deps       ## malformed messages into the DNS wire code, for FUZZ_SECONDS (600)
	@dotnet run --project tests/fuzz/Kn.Dns.Fuzz -c Release -v q -- tests/fuzz/corpus/dns $(or $(FUZZ_SECONDS),600)

lint: deps       ## formatting, analyzers, warnings as errors
	@build/lint.sh

format:          ## what lint would complain about, mended
	@dotnet format Kn.sln --no-restore

bench: deps build ## Kn beside a peer, in turns; BENCH=cni runs one group
	@build/as-root.sh env KN_BIN_DIR=$(CURDIR)/out build/bench.sh $(BENCH)

size: build      ## what out/kn is made of, by section, assembly and namespace
	@build/size.sh

clean:           ## everything that a build made
	@rm -rf out
