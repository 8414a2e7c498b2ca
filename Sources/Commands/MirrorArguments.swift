import ArgumentParser
import Notation
import MirrorConfig
import MirrorModel
import PacketFilter

extension MirrorOptions {
    /// The mirror that is meant. Everything wrong with the arguments is said at once.
    /// - Parameters:
    ///   - operands: what isn't an option: the mirror's name.
    ///   - old: what the mirror is now, of which the rest stays; nil for a new one.
    func mirror(_ operands: [String], over old: Mirror? = nil, now: Timestamp) throws -> Mirror {
        var problems: [String] = []
        func value<Value>(_ read: () throws -> Value) -> Value? {
            do { return try read() } catch {
                problems.append("\(error)")
                return nil
            }
        }
        let name = value {
            try MirrorOperands.name(
                operands, isTemplateGiven: files.firstGiven == "--name",
                example: old == nil ? MirrorOperands.addExample : MirrorOperands.setExample)
        }
        var sources = from.flatMap(parseList).compactMap { text in value { try parseSource(text) } }
        sources += fromBridge.flatMap(parseList).compactMap { text in value { Source.bridge(try parsePort(text)) } }
        var outputs = outputs.flatMap(parseList).compactMap { text in value { try parseOutput(text) } }
        if self.outputs.isEmpty { outputs = old?.outputs ?? [] }
        let oldFiles = old?.outputs.compactMap(\.files) ?? []
        outputs = outputs.map { output in
            guard let new = output.files else { return output }
            let known = oldFiles.first { $0.directory == new.directory }
            // Another directory gets the settings that the mirror has.
            let settings = Set(
                oldFiles.map { old in
                    var settings = old
                    settings.directory = new.directory
                    return settings
                })
            if known == nil, settings.count > 1 {
                problems.append(
                    "which settings files:\(new.directory) gets isn't clear: the mirror's directories have different ones. "
                        + "Edit the mirror's definition")
            }
            return .files(files.settings(over: known ?? settings.first ?? new, problems: &problems))
        }
        let mayHaveFiles =
            self.outputs.isEmpty
            ? outputs.contains { $0.files != nil } : self.outputs.contains { $0.contains(text: "files:") }
        if let option = files.firstGiven, !mayHaveFiles {
            let others = self.outputs.isEmpty ? old?.outputs ?? [] : []
            problems.append(
                others.isEmpty
                    ? "\(option) is for capture files: say --to files:DIR"
                    : "\(option) is for capture files, and the mirror writes none. To have them as well: --to "
                        + others.map(\.description).joined(separator: ",") + ",files:DIR")
        }
        let vlans = vlans.flatMap { text in value { try VLANSet(parsing: text) } }
        let seconds = duration.flatMap { text in value { try parseDuration(text) } }
        if let word = engine, !EngineName.words.contains(word) {
            problems.append("there is no engine '\(word)'; there are auto, ovs, tc and tap")
        }
        if old == nil, from.isEmpty, fromBridge.isEmpty {
            problems.append("no source: say --from PORT or --from-bridge BRIDGE")
        }
        if old == nil, self.outputs.isEmpty { problems.append("no output: say --to PORT") }
        if Set(sources).count < sources.count { problems.append("a source is given twice") }
        if Set(outputs).count < outputs.count { problems.append("an output is given twice") }
        if sample == 0 { problems.append("--sample 0 would copy nothing; 1 copies every frame") }
        if let snaplen, !(14...262_144).contains(snaplen) { problems.append("--snaplen is 14 to 262144 bytes") }
        if let filter { problems += self.problems(of: filter, isNew: old == nil) }
        if problems.isEmpty, let name {
            var mirror = old ?? Mirror(name: name, sources: [], outputs: [])
            if !sources.isEmpty { mirror.sources = sources }
            mirror.outputs = outputs
            mirror.vlans = vlans ?? mirror.vlans
            mirror.filter = filter ?? mirror.filter
            mirror.sample = sample ?? mirror.sample
            mirror.snaplen = snaplen ?? mirror.snaplen
            mirror.spread = spread || mirror.spread
            if let engine { mirror.engine = EngineName(word: engine) }
            mirror.reserve = reserve || mirror.reserve
            mirror.keepOffloads = keepOffloads || mirror.keepOffloads
            if let seconds { mirror.until = now.adding(seconds: seconds) }
            problems = mirror.problems.map { "--\($0.key) \($0.problem)" }
            if problems.isEmpty { return mirror }
        }
        throw ValidationError(problems.joined(separator: "\n       "))
    }

    private func problems(of filter: String, isNew: Bool) -> [String] {
        if filter.allSatisfy(\.isWhitespace) {
            return ["--filter is empty; \(isNew ? "leave it out" : "say --unset filter") to copy all"]
        }
        do {
            _ = try selectorProgram(vlans: nil, expression: filter, sample: 1)
            return []
        } catch {
            return ["\(error)"]
        }
    }
}

/// What stands on a command line besides options, where a mirror's name is to stand.
enum MirrorOperands {
    static let addExample = "add ids --from vnet0 --to vnet2"
    static let setExample = "set ids --to vnet3"

    /// - Parameter isTemplateGiven: whether there is a `--name`, which is another thing.
    /// - Throws: a `ValidationError` that says what is wrong, and what those words may have been meant as.
    static func name(
        _ operands: [String], isTemplateGiven: Bool = false, example: String = addExample
    ) throws -> MirrorName {
        guard let first = operands.first else {
            throw ValidationError(
                "no name: it stands alone, as in '\(example)'"
                    + (isTemplateGiven ? " (--name is what capture files are called)" : ""))
        }
        guard operands.count > 1 else {
            do { return try MirrorName(first) } catch { throw ValidationError("\(error)") }
        }
        // The name may come first or last.
        let words = filterWords.contains(first) ? operands.dropLast() : operands.dropFirst()
        let hint =
            words.contains(where: filterWords.contains)
            ? "did you mean --filter '\(words.joined(separator: " "))'?"
            : "several ports are separated by commas, as in --from vnet0,vnet1"
        throw ValidationError("there is one name, and not several words (\(operands.joined(separator: " "))): \(hint)")
    }

    /// Words by which a pcap-filter(7) expression is known.
    private static let filterWords: Set<String> = [
        "and", "arp", "broadcast", "dst", "ether", "greater", "host", "icmp", "icmp6", "igmp", "ip", "ip6", "less",
        "multicast", "net", "not", "or", "port", "portrange", "proto", "rarp", "sctp", "src", "tcp", "udp", "vlan", "!",
    ]
}
