import LinuxSystem
import Machine
import MirrorModel
import Tap
import TapHost

/// Directories for a tap's definitions, runs and files, gone with this.
final class Scene {
    let directory: String
    var machine: MachineConfiguration

    init() throws {
        directory = try Files.makeTemporaryDirectory("tap-host-tests")
        machine = MachineConfiguration(Environment([:]))
        machine.configDirectory = "\(directory)/mirrors.d"
        machine.runDirectory = "\(directory)/run"
        machine.database = "none"
        try Files.makeDirectory("\(directory)/mirrors.d")
        try Files.makeDirectory("\(directory)/run/mirrors.d")
    }

    deinit { try? Files.removeTree(directory) }

    func define(_ text: String, in file: String = "m.yaml") throws {
        try Files.write([UInt8](text.utf8), to: "\(directory)/mirrors.d/\(file)")
    }

    func mirror(_ name: String = "m", to outputs: [Output]) throws -> Mirror {
        Mirror(name: try MirrorName(name), sources: [], outputs: outputs, engine: .tap)
    }

    func files(_ path: String) throws -> Output { .files(FileSettings(directory: try DirectoryPath(path))) }

    /// A tap of captures, which takes no privileges.
    func replay(_ captures: [String], to outputs: [Output]) throws -> TapConfiguration {
        var tap = TapConfiguration(
            try mirror(to: outputs), on: machine, purpose: "testing", application: "portmirror test")
        tap.captures = captures
        return tap
    }

    /// What is in the directory, but for the definitions' and the runs' own.
    func left() throws -> [String] {
        try (Files.list(directory) ?? []).filter { !["mirrors.d", "run"].contains($0) }.sorted()
            + (Files.list("\(directory)/run/taps") ?? []).filter { $0 != ".lock" }
    }
}

/// Remembers what it was told.
final class Listener: TapAudience {
    private(set) var heard: [String] = []
    var looksOn: Bool { false }

    func warn(_ words: String) { heard.append("warning: \(words)") }
    func remark(_ words: String) { heard.append("remark: \(words)") }
    func tell(_ counts: TapCounts) { heard.append("numbers") }
    func show(_ counts: TapCounts) { heard.append("progress") }
    func tellEnd(_ counts: TapCounts) { heard.append("end: \(counts.copied)") }
}
