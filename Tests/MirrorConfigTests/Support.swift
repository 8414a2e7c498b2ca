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

/// SplitMix64: the same numbers on every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
