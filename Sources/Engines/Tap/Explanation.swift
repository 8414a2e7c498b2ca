internal import MirrorConfig
public import MirrorEngine
public import MirrorModel

/// The commands that do for now what `portmirror run` does for a mirror: nothing in them needs its definition.
///
/// Ports that get copies are one command, and each directory one more, unless copies are spread: that takes one process.
public func explainTap(_ mirror: Mirror) -> [ExplainedCommand] {
    let ports = mirror.outputs.filter { $0.files == nil }
    let files = mirror.outputs.compactMap(\.files)
    guard !mirror.spread else {
        let settings = files.first.map { fileWords($0) } ?? []
        return [tapCommand(mirror, outputs: mirror.outputs, more: ["--spread"] + settings)]
    }
    return (ports.isEmpty ? [] : [tapCommand(mirror, outputs: ports, more: [])])
        + files.map { logCommand(mirror, $0) }
}

private func tapCommand(_ mirror: Mirror, outputs: [Output], more: [String]) -> ExplainedCommand {
    let words =
        ["portmirror", "tap"] + sourceWords(mirror) + outputs.flatMap { ["-o", $0.description] }
        + selectorWords(mirror) + more + (mirror.keepOffloads ? ["--keep-offloads"] : [])
    return ExplainedCommand(
        why:
            "Neither the kernel nor the switch does it: a process copies as long as it runs. 'portmirror run \(mirror.name)' does the "
            + "same, and 'portmirror show \(mirror.name)' then has its counters.",
        command: line(words + filterWords(mirror)))
}

private func logCommand(_ mirror: Mirror, _ settings: FileSettings) -> ExplainedCommand {
    let words =
        ["portmirror", "log"] + sourceWords(mirror) + ["--dir", settings.directory.description]
        + selectorWords(mirror) + fileWords(settings) + (mirror.keepOffloads ? ["--keep-offloads"] : [])
    return ExplainedCommand(
        why: "A process writes the files as long as it runs. 'portmirror run \(mirror.name)' does the same, and "
            + "'portmirror show \(mirror.name)' then has its counters.",
        command: line(words + filterWords(mirror)))
}

private func sourceWords(_ mirror: Mirror) -> [String] {
    mirror.sources.flatMap { source in
        switch source {
        case .port: ["-i", source.description]
        case .bridge(let name): ["--from-bridge", name.description]
        }
    }
}

private func selectorWords(_ mirror: Mirror) -> [String] {
    var words: [String] = []
    if let vlans = mirror.vlans { words += ["--vlan", vlans.description] }
    if mirror.sample > 1 { words += ["--sample", "\(mirror.sample)"] }
    if let snaplen = mirror.snaplen { words += ["--snaplen", "\(snaplen)"] }
    return words
}

private func fileWords(_ settings: FileSettings) -> [String] {
    fileOptions(settings).flatMap { ["--\($0.key)", $0.value] }
}

private func filterWords(_ mirror: Mirror) -> [String] { mirror.filter.map { [$0] } ?? [] }

private func line(_ words: [String]) -> String { words.map(shellWord).joined(separator: " ") }
