import MirrorConfig
import MirrorModel

let now = Timestamp(secondsSince1970: 1_700_000_000)

/// The mirrors of a file that is right.
func mirrors(_ text: String) throws -> [Mirror] {
    try parseConfig(text, file: "mirrors.yaml", now: now).map(\.mirror)
}

/// What is wrong with a file, as `LINE:COLUMN: MESSAGE`.
func problems(_ text: String) -> [String] {
    do throws(ConfigError) {
        _ = try parseConfig(text, file: "mirrors.yaml", now: now)
        return []
    } catch {
        return error.diagnostics.map { "\($0.position): \($0.message)" }
    }
}

/// A file of one mirror, `m`: its lines begin at line 4, indented by four.
func file(_ lines: String...) -> String {
    "version: 1\nmirrors:\n  m:\n" + lines.map { "    \($0)\n" }.joined()
}

/// The same with `from` and `to` in front, so that the lines begin at line 6.
func complete(_ lines: String...) -> String {
    "version: 1\nmirrors:\n  m:\n    from: vnet0\n    to: vnet2\n" + lines.map { "    \($0)\n" }.joined()
}
