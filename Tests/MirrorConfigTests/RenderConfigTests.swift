import MirrorConfig
import MirrorModel
import RandomNumbers
import Testing

@Suite struct RenderConfigTests {
    @Test("a file is written as a person would write it")
    func pleasant() throws {
        let mirrors = [
            Mirror(
                name: try MirrorName("ids"),
                sources: [
                    .port(try PortName("vnet0"), .ingress), .bridge(try PortName("br0")),
                    .port(try PortName("1e3"), .both),
                ],
                outputs: [.port(try PortName("eth0:1"))], vlans: try VLANSet(parsing: "10,20-29"),
                filter: "tcp port 80 and ip6 host ::1", sample: 10, snaplen: 128, engine: .tc, reserve: true,
                keepOffloads: true, until: Timestamp(secondsSince1970: 1_796_126_400)),
            Mirror(
                name: try MirrorName("on"), sources: [.port(try PortName("null"), .both)],
                outputs: [
                    .port(try PortName("~")),
                    .files(
                        FileSettings(
                            directory: try DirectoryPath("/var/log/x"), name: "%H", compression: .zstd,
                            rotateSize: 100 << 20, rotateTime: .seconds(5400), keepFiles: 10)),
                ],
                filter: "host \"a\"", spread: true, engine: .tap),
        ]
        #expect(
            renderConfig(mirrors) == """
                version: 1
                mirrors:
                  ids:
                    from:
                      - port: vnet0
                        direction: ingress
                      - bridge: br0
                      - port: "1e3"
                    to:
                      - port: eth0:1
                    vlans: 10,20-29
                    filter: tcp port 80 and ip6 host ::1
                    sample: 10
                    snaplen: 128
                    engine: tc
                    reserve: true
                    keep-offloads: true
                    until: 2026-12-01T12:00:00Z

                  "on":
                    from:
                      - port: "null"
                    to:
                      - port: "~"
                      - files: "/var/log/x"
                        name: "%H"
                        compress: zstd
                        rotate-size: 100M
                        rotate-time: 1h30m
                        keep-files: 10
                    filter: host "a"
                    spread: true
                    engine: tap

                """)
        #expect(renderConfig([]) == "version: 1\nmirrors: {}\n")
        #expect(try MirrorConfigTests.mirrors(renderConfig([])).isEmpty)
    }

    @Test(
        "a filter comes back whatever it holds",
        arguments: [
            "", " ", "a ", " a", "a: b", "a:", "a #b", "#a", "'", "\"", "\\", "'\"\\", "a\nb", "\r\n", "\t", "\0",
            "\u{7f}",
            "\u{85}", "\u{2028}", "a\u{feff}", "\"\u{301}", "'\u{301}\"", "\u{fffe}", "\u{f0000}\u{f0001}",
            "\u{10ffff}", "é", "e\u{301}", "👩‍👩‍👧",
            "\u{202e}x",
            "true", "NO", "on", "y", "null", "Null", "~", "0x10", "1e3", "010", "1_000", "12:30:45", "2026-12-01",
            ".inf",
            "-", "- a", "? a", ": a", "---", "...", "[a]", "{a}", "*a", "&a", "!a", "%a", "@a", "`a`", "|", ">", "=",
            "<<",
            "a, b", "x*a &a", "tcp[13] & 2 != 0", String(repeating: "long ", count: 4_000),
        ])
    func filters(_ filter: String) throws {
        let mirror = Mirror(
            name: try MirrorName("m"), sources: [.bridge(try PortName("br0"))], outputs: [.port(try PortName("o"))],
            filter: filter)
        let read = try mirrors(renderConfig([mirror])).first?.filter
        #expect(read.map { Array($0.unicodeScalars) } == Array(filter.unicodeScalars))
    }

    @Test("names that YAML has a meaning for come back")
    func names() throws {
        let ports = try [
            "on", "123", "1e3", "0x10", "null", "~", "-", "---", "a:", "#", "&a", "*a", "'", "\"\\", "é", "<<", "=",
            "a:both",
        ]
        .map(PortName.init)
        let names = try ["true", "1", "0x1", "1.0", "null", "no", "1e3", "12", "y"].map(MirrorName.init)
        let all = names.map {
            Mirror(name: $0, sources: ports.map { .port($0, .both) }, outputs: ports.map(Output.port))
        }
        #expect(try mirrors(renderConfig(all)) == all)
    }

    @Test("500 random mirrors come back as they were")
    func roundTrip() throws {
        var generator = SeededNumbers(42)
        let all = try (0..<500).map { try randomMirror($0, &generator) }
        for mirror in all {
            let text = renderConfig([mirror])
            let read = try mirrors(text)
            #expect(read == [mirror], "\(text.debugDescription)")
        }
        #expect(try mirrors(renderConfig(all)) == all)
    }

    private func randomMirror(_ index: Int, _ generator: inout SeededNumbers) throws -> Mirror {
        func coin() -> Bool { Bool.random(using: &generator) }
        let ports = try Set((0..<Int.random(in: 1...6, using: &generator)).map { _ in try randomPort(&generator) })
            .sorted()
        let outputs = try Set((0..<Int.random(in: 1...3, using: &generator)).map { _ in try randomPort(&generator) })
            .sorted()
        let sources: [Source] = ports.map {
            coin() ? .bridge($0) : .port($0, Direction.allCases.randomElement(using: &generator) ?? .both)
        }
        let vlans = (0..<Int.random(in: 1...5, using: &generator)).map { _ in
            let low = UInt16.random(in: 0...4094, using: &generator)
            return low...UInt16.random(in: low...4094, using: &generator)
        }
        var all: [Output] = outputs.map {
            coin() ? .port($0) : .vlan(.random(in: outputVLANRange, using: &generator), bridge: $0)
        }
        if coin() { all.append(.files(try randomFiles(&generator))) }
        let spread = all.count > 1 && coin()
        let engines = spread ? [nil, .tap] : EngineName.words.map(EngineName.init(word:))
        return Mirror(
            name: try MirrorName(coin() ? "\(index)" : "m.\(index)_-"), sources: sources,
            outputs: all, vlans: coin() ? try VLANSet(vlans) : nil, filter: coin() ? randomText(30, &generator) : nil,
            sample: coin() ? 1 : .random(in: sampleRange, using: &generator),
            snaplen: coin() ? nil : .random(in: snaplenRange, using: &generator),
            spread: spread, engine: engines.randomElement(using: &generator) ?? nil,
            reserve: coin(), keepOffloads: coin(),
            until: coin() ? nil : Timestamp(secondsSince1970: .random(in: 0...253_402_300_799, using: &generator)))
    }

    private func randomFiles(_ generator: inout SeededNumbers) throws -> FileSettings {
        func maybe<Number: FixedWidthInteger>(_ range: ClosedRange<Number>) -> Number? {
            Bool.random(using: &generator) ? .random(in: range, using: &generator) : nil
        }
        while true {
            guard let directory = try? DirectoryPath("/" + randomText(12, &generator)) else { continue }
            let name = Bool.random(using: &generator) ? randomText(6, &generator) : nil
            let settings = FileSettings(
                directory: directory, name: name, format: FileFormat.allCases.randomElement(using: &generator) ?? .pcap,
                compression: Bool.random(using: &generator) ? .zstd : nil,
                rotateSize: maybe(FileSettings.rotateSizeRange),
                rotateTime: maybe(1...1_000_000 as ClosedRange<Int64>).map { .seconds($0) },
                rotatePackets: maybe(1...UInt32.max), keepFiles: maybe(1...UInt32.max),
                keepBytes: maybe(1...largestSize),
                keepAge: maybe(1...1_000_000 as ClosedRange<Int64>).map { .seconds($0) },
                keepPercent: maybe(FileSettings.percentRange))
            if settings.problems.isEmpty { return settings }
        }
    }

    private func randomPort(_ generator: inout SeededNumbers) throws -> PortName {
        while true {
            if let name = try? PortName(randomText(8, &generator)) { return name }
        }
    }

    private func randomText(_ most: Int, _ generator: inout SeededNumbers) -> String {
        let scalars = Array(
            "abcnoxyz019 .,:;#'\"\\-_[]{}()&*!|>%@`~?=<\n\t\r\0\u{1b}\u{85}\u{2028}éß漢🇩\u{301}\u{f0000}\u{f0001}"
                .unicodeScalars)
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...most, using: &generator) {
            text.append(scalars.randomElement(using: &generator) ?? "a")
        }
        return String(text)
    }
}
