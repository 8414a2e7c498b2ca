import ArgumentParser
import MirrorModel
import Testing

@testable import Commands

@Suite struct SetCommandTests {
    private let now = Timestamp(secondsSince1970: 1_800_000_000)

    /// A mirror that says everything.
    private func full() throws -> Mirror {
        try AddCommand.parse([
            "m", "--from", "a:ingress", "--to", "b,files:/captures", "--vlan", "5", "--filter", "tcp", "--sample", "9",
            "--snaplen", "96", "--spread", "--engine", "tap", "--for", "1h", "--reserve-output", "--keep-offloads",
            "--name", "w-%H", "--format", "pcap", "--compress", "zstd", "--rotate-size", "100M", "--rotate-time", "1h",
            "--rotate-packets", "7", "--keep-files", "9", "--keep-bytes", "1GB", "--keep-age", "2d", "--keep-percent",
            "80",
        ]).mirror(now: now)
    }

    private func set(_ arguments: String..., of mirror: Mirror? = nil) throws -> Mirror {
        try SetCommand.parse(["m"] + arguments).changed(mirror ?? full(), now: now)
    }

    @Test("One thing is changed, and the rest stays") func oneThing() throws {
        var expected = try full()
        expected.sources = [.port(try PortName("x"), .both), .bridge(try PortName("y"))]
        #expect(try set("--from", "x", "--from-bridge", "y") == expected)
        expected = try full()
        expected.filter = "udp"
        #expect(try set("--filter", "udp") == expected)
        expected = try full()
        expected.until = Timestamp(secondsSince1970: now.secondsSince1970 + 60)
        #expect(try set("--for", "1m") == expected)
        expected = try full()
        expected.engine = nil
        #expect(try set("--engine", "auto") == expected)
        #expect(throws: (any Error).self) { try set() }
    }

    @Test("Of capture files one setting is changed, in a directory that is named again as well") func files() throws {
        var expected = try full()
        var settings = try #require(expected.outputs.compactMap(\.files).first)
        settings.keepFiles = 20
        expected.outputs[1] = .files(settings)
        #expect(try set("--keep-files", "20") == expected)
        #expect(try set("--to", "b,files:/captures", "--keep-files", "20") == expected)
        // Another directory has the same limits: without them it would grow until the disk is full.
        let moved = try set("--to", "b,files:/elsewhere", "--keep-files", "20").outputs.compactMap(\.files)
        settings.directory = try DirectoryPath("/elsewhere")
        #expect(moved == [settings])
    }

    @Test("Each option can be taken away, and all of them leave the plainest mirror") func unset() throws {
        let plain = try AddCommand.parse(["m", "--from", "a:ingress", "--to", "b,files:/captures"]).mirror(now: now)
        let all = SetCommand.removable.joined(separator: ",")
        #expect(try set("--unset", all) == plain)
        #expect(try set("--unset", "filter", "--unset=--vlan,sample").filter == nil)
        // Nothing is left out: every option of add with a value that may be missing can be taken away.
        let help = AddCommand.helpMessage(columns: 400)
        for option in SetCommand.removable { #expect(help.contains("--\(option)"), "\(option)") }
    }

    @Test("What can't be taken away, or set, is a mistake that says what can") func mistakes() throws {
        func told(_ arguments: String...) -> String {
            do {
                _ = try SetCommand.parse(arguments).changed(full(), now: now)
                return ""
            } catch {
                return SetCommand.message(for: error)
            }
        }
        #expect(told("m", "--unset", "filtre") == "--unset filtre: did you mean filter?")
        #expect(told("m", "--unset", "from").hasPrefix("--unset from: it takes vlan, filter, "))
        #expect(told("--filter", "tcp") == "no name: it stands alone, as in 'set ids --to vnet3'")
        #expect(told("m", "n").hasPrefix("there is one name"))
        #expect(told("m", "--filter", " ") == "--filter is empty; say --unset filter to copy all")
        #expect(told("m", "--to", "b").hasPrefix("--spread goes with several outputs"))
        #expect(told("m", "--to", "b,c", "--keep-files", "3").hasPrefix("--keep-files is for capture files"))
        // What is advised can be done: it keeps the outputs that there are.
        let plain = try AddCommand.parse(["m", "--from", "a", "--to", "b,c"]).mirror(now: now)
        let refused = #expect(throws: ValidationError.self) { try set("--rotate-size", "1M", of: plain) }
        #expect(
            refused?.message == "--rotate-size is for capture files, and the mirror writes none. To have them as well: "
                + "--to b,c,files:DIR")
        #expect(try set("--rotate-size", "1M", "--to", "b,c,files:/d", of: plain).outputs.count == 3)
    }
}
