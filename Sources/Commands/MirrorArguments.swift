import ArgumentParser
import MirrorConfig
import MirrorModel
import PacketFilter

/// A mirror as a command line says it.
protocol MirrorArguments {
    var name: String { get }
    var from: [String] { get }
    var fromBridge: [String] { get }
    var outputs: [String] { get }
    var vlans: String? { get }
    var filter: String? { get }
    var sample: UInt32? { get }
    var snaplen: UInt32? { get }
    var spread: Bool { get }
    var engine: String { get }
    var duration: String? { get }
    var reserve: Bool { get }
    var keepOffloads: Bool { get }
    /// The first option for capture files that is given.
    var firstFileOption: String? { get }
    func fileSettings(in directory: DirectoryPath, problems: inout [String]) -> FileSettings
}

extension MirrorArguments {
    private func problems(of filter: String) -> [String] {
        if filter.allSatisfy(\.isWhitespace) { return ["--filter is empty; leave it out to copy all"] }
        do {
            _ = try selectorProgram(vlans: nil, expression: filter, sample: 1)
            return []
        } catch {
            return ["\(error)"]
        }
    }

    /// Everything wrong with the arguments is said at once.
    func mirror(now: Timestamp) throws -> Mirror {
        var problems: [String] = []
        func value<Value>(_ read: () throws -> Value) -> Value? {
            do { return try read() } catch {
                problems.append("\(error)")
                return nil
            }
        }
        let name = value { try MirrorName(self.name) }
        var sources = from.compactMap { text in value { try parseSource(text) } }
        sources += fromBridge.compactMap { text in value { Source.bridge(try PortName(text)) } }
        let outputs = outputs.compactMap { text in value { try parseOutput(text) } }.map { output in
            output.files.map { .files(fileSettings(in: $0.directory, problems: &problems)) } ?? output
        }
        if let option = firstFileOption, !self.outputs.contains(where: { $0.hasPrefix("files:") }) {
            problems.append("\(option) is for capture files: say --to files:DIR")
        }
        let vlans = vlans.flatMap { text in value { try VLANSet(parsing: text) } }
        let seconds = duration.flatMap { text in value { try parseDuration(text) } }
        let engine = EngineChoice(rawValue: engine)
        if engine == nil { problems.append("there is no engine '\(self.engine)'; there are auto, ovs, tc and tap") }
        if from.isEmpty && fromBridge.isEmpty { problems.append("no source: say --from PORT or --from-bridge BRIDGE") }
        if self.outputs.isEmpty { problems.append("no output: say --to PORT") }
        if Set(sources).count < sources.count { problems.append("a source is given twice") }
        if Set(outputs).count < outputs.count { problems.append("an output is given twice") }
        if sample == 0 { problems.append("--sample 0 would copy nothing; 1 copies every frame") }
        if let snaplen, !(14...262_144).contains(snaplen) { problems.append("--snaplen is 14 to 262144 bytes") }
        if let filter { problems += self.problems(of: filter) }
        if problems.isEmpty, let name, let engine {
            let mirror = Mirror(
                name: name, sources: sources, outputs: outputs, vlans: vlans, filter: filter, sample: sample ?? 1,
                snaplen: snaplen, spread: spread, engine: engine, reserve: reserve, keepOffloads: keepOffloads,
                until: seconds.map { Timestamp(secondsSince1970: now.secondsSince1970 + $0) })
            problems = mirror.problems.map { "--\($0.key) \($0.problem)" }
            if problems.isEmpty { return mirror }
        }
        throw ValidationError(problems.joined(separator: "\n       "))
    }
}
