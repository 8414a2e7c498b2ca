import MirrorModel
import RandomNumbers
import Testing

@testable import MirrorConfig

/// Numbers that no sane file has: each is read, or refused at its place.
@Suite struct ExtremeNumberTests {
    private static let values =
        ExtremeNumbers.all + ExtremeNumbers.whole.flatMap { number in ["s", "d", "M", "T"].map { number + $0 } }
        + ExtremeNumbers.whole.flatMap { ["\($0)-\($0)", "0-\($0)", "\($0),0"] }

    private func read(_ text: String) throws -> [ParsedMirror] {
        var all: [ParsedMirror] = []
        for now in [Int64.min, 0, 1_800_000_000, 253_402_300_799, .max] {
            do throws(ConfigError) {
                all = try parseConfig(text, file: "a", now: Timestamp(secondsSince1970: now))
                // What was read can be written, and read again.
                _ = try parseConfig(
                    renderConfig(all.map(\.mirror)), file: "b", now: Timestamp(secondsSince1970: now))
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
        return all
    }

    /// As YAML has it in quotes and, where that is YAML, without.
    private func forms(_ value: String) -> [String] { [yamlScalar(value), value.contains("\0") ? "''" : value] }

    @Test("Every key of a mirror takes or refuses every number", arguments: MirrorKeys.known)
    func keys(key: String) throws {
        for value in Self.values.flatMap(forms) {
            var keys = ["from": "a", "to": "b"]
            keys[key] = value
            let body = keys.sorted { $0.key < $1.key }.map { "    \($0.key): \($0.value)\n" }.joined()
            _ = try read("version: 1\nmirrors:\n  m:\n" + body)
        }
    }

    @Test("Every key of capture files takes or refuses every number", arguments: ConfigReader.fileKeys)
    func fileKeys(key: String) throws {
        for value in Self.values.flatMap(forms) {
            _ = try read(
                "version: 1\nmirrors:\n  m:\n    from: a\n    to:\n      - files: /a\n        rotate-size: 1M\n"
                    .replacing(key == "rotate-size" ? "        rotate-size: 1M\n" : "\0", with: "")
                    + "        \(key): \(value)\n")
        }
    }

    @Test("Every number where there are names and VLANs") func others() throws {
        for value in Self.values.flatMap(forms) {
            _ = try read("version: \(value)\nmirrors: {}\n")
            _ = try read("version: 1\nmirrors: {\(value): {from: a, to: b}}\n")
            _ = try read("version: 1\nmirrors: {m: {from: \(value), to: [{vlan: \(value), bridge: \(value)}]}}\n")
            _ = try? parseOutput("vlan:\(value)@b")
        }
    }

    @Test("What is too much is refused with what may be") func limits() {
        func problem(_ line: String) -> String {
            problems("version: 1\nmirrors:\n  m:\n    from: a\n    to: b\n    \(line)\n").first ?? ""
        }
        #expect(problem("for: 9223372036854775807s").contains("at most 36500d"))
        #expect(problem("sample: 4294967296").contains("1 to 4294967295"))
        #expect(problem("snaplen: 262145").contains("14 to 262144"))
    }
}
