import ArgumentParser
import MirrorModel
import Testing

@testable import Commands

@Suite struct AddCommandTests {
    private let now = Timestamp(secondsSince1970: 1_800_000_000)

    private func mirror(_ arguments: String...) throws -> Mirror {
        try AddCommand.parse(arguments).mirror(now: now)
    }

    /// What is said to arguments that can't be right, a line each.
    private func problems(_ arguments: String...) throws -> [String] { problems(arguments) }

    private func problems(_ arguments: [String]) -> [String] {
        do {
            _ = try AddCommand.parse(arguments)
            return []
        } catch {
            return AddCommand.message(for: error).split(separator: "\n").map { String($0.drop { $0 == " " }) }
        }
    }

    private func sources(_ texts: String...) throws -> [Source] {
        try AddCommand.parse(["m", "--to", "out"] + texts.flatMap { ["--from", $0] }).mirror(now: now).sources
    }

    // MARK: Right

    @Test("The least that can be said") func leastCanSaid() throws {
        #expect(
            try mirror("ids", "--from", "vnet0", "--to", "vnet2")
                == Mirror(
                    name: try MirrorName("ids"), sources: [.port(try PortName("vnet0"), .both)],
                    outputs: [.port(try PortName("vnet2"))]))
    }

    @Test("Everything that can be said") func everythingCanSaid() throws {
        let mirror = try mirror(
            "ids", "--from", "vnet0:ingress,vnet1", "--from-bridge", "br0", "--to", "vnet2,eth1", "--vlan",
            "10,20-29", "--filter", "tcp port 80", "--sample", "10", "--snaplen", "96", "--engine", "tc", "--for",
            "10m", "--temporary", "--reserve-output", "--keep-offloads", "--dry-run")
        #expect(
            mirror
                == Mirror(
                    name: try MirrorName("ids"),
                    sources: [
                        .port(try PortName("vnet0"), .ingress), .port(try PortName("vnet1"), .both),
                        .bridge(try PortName("br0")),
                    ], outputs: [.port(try PortName("vnet2")), .port(try PortName("eth1"))],
                    vlans: try VLANSet([10...10, 20...29]), filter: "tcp port 80", sample: 10, snaplen: 96, engine: .tc,
                    reserve: true, keepOffloads: true,
                    until: Timestamp(secondsSince1970: now.secondsSince1970 + 600)))
    }

    @Test("Several ports come by several options, or with commas, or both") func severalPorts() throws {
        for arguments in [
            [
                "m", "--from", "a", "--from", "b:egress", "--from-bridge", "x", "--from-bridge", "y", "--to", "c",
                "--to", "d",
            ],
            ["m", "--from", "a,b:egress", "--from-bridge", "x,y", "--to", "c,d"],
            ["m", "--from=a, b:egress", "--from-bridge", "x", "--from-bridge", "y", "--to", "c , d"],
        ] {
            let mirror = try AddCommand.parse(arguments).mirror(now: now)
            #expect(mirror.sources.map(\.description) == ["a", "b:egress", "bridge x", "bridge y"], "\(arguments)")
            #expect(mirror.outputs.map(\.description) == ["c", "d"], "\(arguments)")
        }
        for list in ["a,", ",a", "a,,b", ","] {
            #expect(
                try problems("m", "--from", list, "--to", "c").first == "'' can't be a name: it is empty", "\(list)")
        }
    }

    @Test("The name may come first, last, or between options") func namePlace() throws {
        let options = [["--from", "vnet0"], ["--to", "vnet2"], ["--spread"], ["--to", "vnet3"]]
        for place in 0...options.count {
            var words = options
            words.insert(["ids"], at: place)
            #expect(try AddCommand.parse(Array(words.joined())).mirror(now: now).name == MirrorName("ids"), "\(words)")
        }
    }

    @Test("Words too many are named, with what they may have been meant as") func wordsTooMany() throws {
        let filter = "there is one name, and not several words"
        #expect(
            try problems("ids", "--from", "vnet0", "--to", "vnet2", "tcp", "port", "80")
                == ["\(filter) (ids tcp port 80): did you mean --filter 'tcp port 80'?"])
        #expect(
            try problems("--from", "vnet0", "--to", "vnet2", "not", "arp", "ids")
                == ["\(filter) (not arp ids): did you mean --filter 'not arp'?"])
        #expect(
            try problems("ids", "--from", "vnet0", "vnet1", "--to", "vnet2")
                == ["\(filter) (ids vnet1): several ports are separated by commas, as in --from vnet0,vnet1"])
    }

    @Test("A name that is missing is asked for where it stands") func missingName() throws {
        #expect(
            try problems("--from", "a", "--to", "b")
                == ["no name: it stands alone, as in 'add ids --from vnet0 --to vnet2'"])
        #expect(
            try problems("--name", "ids", "--from", "a", "--to", "b").first
                == "no name: it stands alone, as in 'add ids --from vnet0 --to vnet2' (--name is what capture files are "
                + "called)")
    }

    @Test(
        "What can hardly be meant as an interface is an error that says what to do",
        arguments: [
            ("10.77.0.3", "that is an address"), ("10.77.0.3/24", "that is an address"),
            ("fe80::1", "that is an address"),
            ("2001:db8::3", "that is an address"), ("52:54:00:12:34:56", "that is an address"),
            ("vnet*", "name each port"), ("vnet?", "name each port"), ("vnet[0-3]", "name each port"),
            ("vnet0:in", "the directions are :ingress, :egress and :both"),
            ("vnet0:RX", "the directions are :ingress, :egress and :both"),
            ("a/b", "an interface name has no '/'"), ("a b", "an interface name has no '/'"),
            ("..", "the kernel reserves it"),
        ])
    func hardlyAnInterface(text: String, says: String) throws {
        for arguments in [
            ["m", "--from", text, "--to", "b"], ["m", "--from", "a", "--to", text],
            ["m", "--from-bridge", text, "--to", "b"],
            ["m", "--from", "a,\(text)", "--to", "b"],
        ] {
            let problems = problems(arguments)
            #expect(problems.count == 1 && problems.first?.contains(says) == true, "\(arguments): \(problems)")
        }
        // Nothing like these is refused.
        for name in ["10.77.0", "1.2.3.4.5", "eth0.100", "eth0:1", "fe80", "a:b", "wlp3s0", "br-1a2b3c4d5e6f", "@x"] {
            #expect(problems(["m", "--from", name, "--to", "b"]) == [], "\(name)")
        }
    }

    @Test("A direction counts only at the end: names may hold colons") func directionCountsAtEnd() throws {
        let cases: [(String, String, Direction)] = [
            ("vnet0", "vnet0", .both), ("vnet0:ingress", "vnet0", .ingress), ("vnet0:egress", "vnet0", .egress),
            ("vnet0:both", "vnet0", .both), ("eth0:1", "eth0:1", .both), ("eth0:1:egress", "eth0:1", .egress),
            ("ingress", "ingress", .both), ("egress:x", "egress:x", .both), ("a:", "a:", .both),
        ]
        for (text, port, direction) in cases {
            #expect(try sources(text) == [.port(try PortName(port), direction)], "\(text)")
        }
    }

    @Test("Both directions may be named one by one") func bothDirectionsMayNamed() throws {
        #expect(try sources("vnet0:ingress", "vnet0:egress").count == 2)
    }

    // MARK: Wrong

    @Test("All problems are said at once") func allProblemsSaidAt() throws {
        let problems = try problems(
            "bad/name", "--from", "with/slash", "--vlan", "4095", "--sample", "0", "--snaplen", "13", "--engine",
            "magic", "--for", "10x", "--filter", "  ")
        #expect(problems.count == 9)
        for part in [
            "'bad/name' can't be a name",
            "'with/slash' can't be a name", "VLAN '4095': VLAN ids are 0 (untagged) to 4094", "10x",
            "there is no engine 'magic'; there are auto, ovs, tc and tap", "no output: say --to PORT",
            "--sample 0 would copy nothing; 1 copies every frame", "--snaplen is 14 to 262144 bytes",
            "--filter is empty; leave it out to copy all",
        ] {
            #expect(problems.contains { $0.contains(part) }, "\(part)")
        }
    }

    @Test("Files, with all that can be said of them") func filesCanSaid() throws {
        let mirror = try mirror(
            "m", "--from", "a", "--to", "files:/captures/,b", "--spread", "--engine", "tap", "--name", "w-%H",
            "--format", "pcap", "--compress", "zstd", "--rotate-size", "100M", "--rotate-time", "1h",
            "--rotate-packets", "7", "--keep-files", "9", "--keep-bytes", "1GB", "--keep-age", "2d", "--keep-percent",
            "80")
        #expect(
            mirror
                == Mirror(
                    name: try MirrorName("m"), sources: [.port(try PortName("a"), .both)],
                    outputs: [
                        .files(
                            FileSettings(
                                directory: try DirectoryPath("/captures"), name: "w-%H", format: .pcap,
                                compression: .zstd, rotateSize: 100 << 20, rotateTime: .seconds(3600), rotatePackets: 7,
                                keepFiles: 9, keepBytes: 1_000_000_000, keepAge: .seconds(172_800), keepPercent: 80)),
                        .port(try PortName("b")),
                    ], spread: true, engine: .tap))
    }

    @Test("What is wrong with files and spreading, once each") func filesWrong() throws {
        #expect(
            try problems(
                "m", "--from", "a", "--to", "files:/a,files:/b", "--format", "x", "--compress", "y", "--rotate-size",
                "1Q", "--keep-age", "5") == [
                    "--format is pcapng or pcap, not 'x'", "--compress is zstd, not 'y'",
                    "--rotate-size: '1Q': the units are k, M, G and T (of 1024), kB, MB, GB and TB (of 1000)",
                    "--keep-age: '5': the unit is missing: s, m, h or d, as in 10m",
                ])
        #expect(
            try problems("m", "--from", "a", "--to", "files:b")
                == ["'b' can't be a directory: it has to be an absolute path, as in /var/log/captures"])
        #expect(
            try problems("m", "--from", "a", "--to", "b", "--keep-files", "3")
                == ["--keep-files is for capture files: say --to files:DIR"])
        #expect(
            try problems("m", "--from", "a", "--to", "files:/a", "--keep-files", "3").first?
                .hasPrefix("--keep-files removes finished files, and none is finished without rotate-size") == true)
        #expect(
            try problems("m", "--from", "a", "--to", "b", "--spread")
                == ["--spread goes with several outputs: there is one"])
    }

    @Test("A mirror needs a source and an output") func mirrorNeedsSourceOutput() throws {
        #expect(
            try problems("m") == [
                "no source: say --from PORT or --from-bridge BRIDGE", "no output: say --to PORT",
            ])
        #expect(try problems("m", "--from-bridge", "br0", "--to", "eth0") == [])
    }

    @Test("Names are checked, the mirror's and the ports'") func namesCheckedMirrorPorts() throws {
        #expect(
            try problems("sixteen.bytes.xx", "--from", "a", "--to", "b")
                == ["'sixteen.bytes.xx' can't be a name: it has 16 bytes; the limit is 15"])
        #expect(try problems("ä", "--from", "a", "--to", "b").count == 1)
        // An altname may be longer than an interface's name.
        #expect(try problems("m", "--from", String(repeating: "x", count: 127), "--to", "b").isEmpty)
        #expect(
            try problems("m", "--from", String(repeating: "x", count: 128), "--to", "b").first?
                .hasSuffix("it has 128 bytes; an interface name has at most 15, an altname 127") == true)
        #expect(try problems("m", "--from", ":ingress", "--to", "b").count == 1)
        #expect(try problems("m", "--from", "a", "--to", "..").count == 1)
        #expect(try problems("m", "--from-bridge", "b r", "--to", "c").count == 1)
    }

    @Test("An output has no direction") func outputDirection() throws {
        #expect(
            try problems("m", "--from", "a", "--to", "b:ingress")
                == ["'b:ingress' can't be an output: an output has no direction; leave out :ingress"])
    }

    @Test("The same source or output twice is a mistake") func sameSourceOutputTwice() throws {
        #expect(try problems("m", "--from", "a,a:both", "--to", "b") == ["a source is given twice"])
        #expect(try problems("m", "--from", "a", "--to", "b,b") == ["an output is given twice"])
    }

    @Test("Limits of snaplen") func limitsSnaplen() throws {
        for (value, count) in [("14", 0), ("262144", 0), ("13", 1), ("262145", 1), ("0", 1)] {
            #expect(try problems("m", "--from", "a", "--to", "b", "--snaplen", value).count == count, "\(value)")
        }
    }

    @Test("VLAN lists that can't be", arguments: ["4095", "10-5", "x", "1,", "1-2-3", "-1", "70000"])
    func vlanListsCant(text: String) throws {
        let problems = try problems("m", "--from", "a", "--to", "b", "--vlan=\(text)")
        #expect(problems.count == 1)
    }

    @Test(
        "What isn't even an argument is a usage error",
        arguments: [
            ["m", "--sample", "x"], ["m", "--snaplen", "99999999999"], [], ["m", "--nonsense"], ["m", "n"],
            ["m", "--from"],
        ])
    func isntEvenArgumentUsage(arguments: [String]) {
        #expect(throws: (any Error).self) { try AddCommand.parse(arguments) }
    }

    @Test("Mistakes end with the exit code for usage") func mistakesEndExitCode() {
        do {
            _ = try AddCommand.parse(["m"]).mirror(now: now)
            Issue.record("that was to be an error")
        } catch {
            #expect(AddCommand.exitCode(for: error) == ExitStatus.usage)
        }
    }
}
