import ArgumentParser
import Foundation
import MirrorEngine
import MirrorModel
import MirrorPlan
import Report
import RandomNumbers
import Tap
import Testing
import TrafficControl

@testable import Commands

/// Numbers from outside that no sane person or program would give: a trap would end the program, and this test.
@Suite struct ExtremeNumberTests {

    // MARK: The command line

    /// A command as `--experimental-dump-help` describes it.
    private struct Command: Decodable {
        struct Argument: Decodable {
            struct Name: Decodable {
                let kind: String
                let name: String

                var spelled: String { kind == "long" ? "--\(name)" : "-\(name)" }
            }

            let kind: String
            let names: [Name]?
        }

        let arguments: [Argument]?
    }

    /// The spellings of a command's options that take a value.
    private static func options(of command: any ParsableCommand.Type) throws -> [String] {
        struct Tool: Decodable { let command: Command }
        let tool = try JSONDecoder().decode(Tool.self, from: Data(command._dumpHelp().utf8))
        return (tool.command.arguments ?? []).filter { $0.kind == "option" }.compactMap { $0.names?.first?.spelled }
    }

    /// Arguments with which a command can be parsed.
    private static let enough = [
        "add": ["m", "--from", "a", "--to", "files:/tmp", "--rotate-size", "1M"], "show": ["m"], "run": ["m"],
        "remove": ["m"], "explain": ["m"], "set": ["m"], "tap": ["-i", "a", "-o", "b"],
        "log": ["-i", "a", "--dir", "/tmp"],
        "daemonlogger": ["-i", "a"],
        "simulate": ["-f", "a", "--pcap", "b", "--port", "c", "--out", "d"],
    ]

    /// A choice of values: to parse a command line takes some milliseconds.
    private static let values = [
        "-1", "4294967296", "4294968s", "18446744073709551616", "9223372036854775807s", "8388608T", "x", "", "٣",
    ]

    @Test(
        "Every option of every command takes or refuses every number",
        arguments: PortmirrorCommand.configuration.subcommands.indices)
    func options(place: Int) throws {
        let command = PortmirrorCommand.configuration.subcommands[place]
        let options = try Self.options(of: command)
        #expect(!options.isEmpty)
        for option in options {
            for value in Self.values {
                let arguments = (Self.enough[command._commandName] ?? []) + ["\(option)=\(value)"]
                do {
                    _ = try command.parse(arguments)
                } catch {
                    #expect(!command.message(for: error).isEmpty, "\(arguments)")
                }
            }
        }
    }

    @Test("What is too much is refused with what may be") func limits() {
        func words(_ arguments: String...) -> String {
            do {
                _ = try PortmirrorCommand.parseAsRoot(arguments)
                return ""
            } catch {
                return PortmirrorCommand.fullMessage(for: error)
            }
        }
        let add = ["add", "m", "--from", "a", "--to", "b"]
        for value in ["4294968s", "4294967296ms", "0ms", "1001ms", "2s", "1"] {
            #expect(
                words("tap", "-i", "a", "-o", "b", "--latency", value).contains("--latency is 1ms to 1s"), "\(value)")
        }
        for value in ["1ms", "1000ms", "1s"] {
            #expect(words("tap", "-i", "a", "-o", "b", "--latency", value) == "")
        }
        for value in ["9223372036854775807s", "36500d1s"] {
            #expect(
                words(add[0], add[1], add[2], add[3], add[4], add[5], "--for", value).contains("at most 36500d"),
                "\(value)")
        }
        #expect(words("log", "-i", "a", "--dir", "/tmp", "--rotate-size", "1048577T").contains("at most 1048576T"))
    }

    @Test("A mirror's end is a moment, whatever the clock says now") func clocks() throws {
        let add = try AddCommand.parse(["m", "--from", "a", "--to", "b", "--for", "36500d"])
        for now in ExtremeNumbers.signed {
            let mirror = try add.mirror(now: Timestamp(secondsSince1970: now))
            for moment in ExtremeNumbers.signed {
                let all = statuses(
                    of: [DesiredMirror(mirror: mirror, match: .everything)],
                    observed: Observation(engines: [.trafficControl]),
                    now: Timestamp(secondsSince1970: moment))
                let status = try #require(all.first)
                let text = status.text(now: Timestamp(secondsSince1970: moment))
                #expect(text.contains("time left"))
            }
        }
    }

    // MARK: A tap's report

    private static let report = """
        {"version":1,"process":4711,"since":40,"definition":"from vnet0","problems":["none"],
        "sources":[{"port":"vnet0","received":25,"lost":5,"super-frames":1,"segments":3},
        {"port":"vnet1","received":25,"lost":5,"super-frames":1,"segments":3}],
        "copies":[{"port":"vnet0","direction":"ingress","output":"vnet2","delivered":9,"deliveredBytes":900,
        "failed":{"too-big":2,"unheard-of":1,"unknown":3},"failedBytes":100},
        {"port":"vnet0","direction":"egress","output":"files:/captures","delivered":9,"deliveredBytes":900,
        "failed":{"too-big":2},"failedBytes":100}],
        "files":[{"directory":"/captures","current":"a.pcapng","finished":3,"removed":1,"bytes":5000}]}
        """

    /// What everybody does with a report: a status, and that as text and as JSON.
    private func tell(_ report: TapReport, definedAs mirror: Mirror?, _ name: MirrorName) throws {
        var topology = Topology()
        topology.insert(Port(name: try PortName("vnet0"), index: 2))
        topology.insert(Port(name: try PortName("vnet2"), index: 3))
        let observed = Observation(engines: [.trafficControl, .tap], topology: topology, taps: [name: report])
        for now in [0, 1_800_000_000, Int64.max] {
            let time = Timestamp(secondsSince1970: now)
            let all = statuses(
                of: mirror.map { [DesiredMirror(mirror: $0, match: .everything)] } ?? [], observed: observed, now: time)
            let status = try #require(all.first)
            let text = status.text(now: time)
            #expect(text.contains("selected"))
            #expect(try jsonText(status).contains("\"selected\""))
        }
    }

    @Test("Every field of a tap's report may be anything") func reports() throws {
        let whole = try JSONSerialization.jsonObject(with: Data(Self.report.utf8))
        let mirror = try AddCommand.parse(["m", "--from", "vnet0", "--to", "vnet2,files:/captures"])
            .mirror(now: Timestamp(secondsSince1970: 0))
        var (read, refused) = (0, 0)
        for text in Self.mutations(of: whole) {
            do throws(any Error) {
                let report = try TapReport(decoding: Array(text.utf8))
                read += 1
                try tell(report, definedAs: mirror, mirror.name)
                try tell(report, definedAs: nil, mirror.name)
                if let own = try? MirrorName("tap-\(report.process)") { try tell(report, definedAs: nil, own) }
            } catch is UserError {
                refused += 1
            }
        }
        #expect(read > 100 && refused > 100, "\(read) \(refused)")
    }

    @Test("Counts that come to more than 64 bits hold stay at the most that they do") func sums() throws {
        let most = "\(UInt64.max)"
        let text = Self.report.replacing(":5,", with: ":\(most),").replacing(":9,", with: ":\(most),")
            .replacing(":2,", with: ":\(most),").replacing(":900,", with: ":\(most),")
        let report = try TapReport(decoding: Array(text.utf8))
        #expect(report.lost == .max)
        #expect(report.copies.allSatisfy { $0.counters.selectedPackets == .max })
        let sum = report.copies.map(\.counters).reduce(Counters(), +)
        #expect(sum.selectedPackets == .max && sum.selectedBytes == .max)
        try tell(report, definedAs: nil, try MirrorName("m"))
    }

    /// The value with each number and text in it replaced by each of the extremes, one at a time, as JSON.
    private static func mutations(of value: Any) -> [String] {
        let numbers =
            ExtremeNumbers.whole + ["1e3", "1e400", "1.5", "-0.5", "null", "true", "[]", "{}", "\"x\"", "\"٣\""]
        func json(_ value: Any) -> String {
            String(
                decoding: (try? JSONSerialization.data(withJSONObject: value, options: .fragmentsAllowed)) ?? Data(),
                as: UTF8.self)
        }
        func variants(_ value: Any) -> [String] {
            if let object = value as? [String: Any] {
                return object.keys.sorted().flatMap { key -> [String] in
                    let rest = object.filter { $0.key != key }.map { "\(json($0.key)):\(json($0.value))" }
                    return variants(object[key] ?? 0).map {
                        "{" + (rest + ["\(json(key)):\($0)"]).joined(separator: ",") + "}"
                    }
                        + ["{" + rest.joined(separator: ",") + "}"]
                }
            }
            if let array = value as? [Any] {
                return array.indices.flatMap { place -> [String] in
                    variants(array[place]).map { variant in
                        "[" + array.indices.map { $0 == place ? variant : json(array[$0]) }.joined(separator: ",") + "]"
                    }
                } + ["[]"]
            }
            return numbers
        }
        return variants(value)
    }
}
