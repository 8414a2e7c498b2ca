import ArgumentParser
import MirrorConfig
import MirrorModel

/// How capture files are written, when the next one begins, and which are kept: the same options wherever there are any.
struct FileOptions: ParsableArguments {
    @Option(
        name: .customLong("name"),
        help: ArgumentHelp("What capture files are called: a template of strftime(3).", valueName: "template"))
    var template: String?

    @Option(
        help: ArgumentHelp("Form of capture files: pcapng (default) or pcap.", valueName: "format"),
        completion: .list(FileFormat.allCases.map(\.rawValue)))
    var format: String?

    @Option(
        help: ArgumentHelp("Compress capture files: zstd.", valueName: "how"),
        completion: .list(FileCompression.allCases.map(\.rawValue)))
    var compress: String?

    @Option(
        help: ArgumentHelp(
            "Begin a new file before one gets larger: 100M, 1G (of 1024), 100MB (of 1000).", valueName: "size"))
    var rotateSize: String?

    @Option(
        help: ArgumentHelp("Begin a new file at each multiple of this time by the clock: 10m, 1h.", valueName: "time"))
    var rotateTime: String?

    @Option(help: ArgumentHelp("Begin a new file after so many packets.", valueName: "n"))
    var rotatePackets: UInt32?

    @Option(help: ArgumentHelp("Keep so many finished files.", valueName: "n"))
    var keepFiles: UInt32?

    @Option(help: ArgumentHelp("Keep finished files up to this size, all together.", valueName: "size"))
    var keepBytes: String?

    @Option(help: ArgumentHelp("Keep finished files for this time: 12h, 7d.", valueName: "time"))
    var keepAge: String?

    @Option(
        help: ArgumentHelp(
            "Remove the oldest finished files while the volume is fuller than this.", valueName: "percent"))
    var keepPercent: UInt8?

    /// Whether none of them is given.
    var isEmpty: Bool {
        [template, format, compress, rotateSize, rotateTime, keepBytes, keepAge].allSatisfy { $0 == nil }
            && rotatePackets == nil && keepFiles == nil && keepPercent == nil
    }

    /// The first that is given, for messages.
    var firstGiven: String? {
        let all: [(String, Bool)] = [
            ("--name", template != nil), ("--format", format != nil), ("--compress", compress != nil),
            ("--rotate-size", rotateSize != nil), ("--rotate-time", rotateTime != nil),
            ("--rotate-packets", rotatePackets != nil), ("--keep-files", keepFiles != nil),
            ("--keep-bytes", keepBytes != nil), ("--keep-age", keepAge != nil), ("--keep-percent", keepPercent != nil),
        ]
        return all.first(where: \.1)?.0
    }

    /// The settings for files in a directory. What is wrong with the options is added to the problems, each once.
    func settings(in directory: DirectoryPath, problems: inout [String]) -> FileSettings {
        settings(over: FileSettings(directory: directory), problems: &problems)
    }

    /// The settings as the options say, and otherwise as they are.
    func settings(over old: FileSettings, problems: inout [String]) -> FileSettings {
        var found: [String] = []
        func read<Value>(_ option: String, _ text: String?, _ parse: (String) throws -> Value) -> Value? {
            guard let text else { return nil }
            do { return try parse(text) } catch {
                found.append("\(option): \(error)")
                return nil
            }
        }
        func choice<Choice: RawRepresentable & CaseIterable>(_ option: String, _ text: String?) -> Choice?
        where Choice.RawValue == String {
            guard let text else { return nil }
            let choice = Choice(rawValue: text)
            if choice == nil {
                let known = Choice.allCases.map(\.rawValue).joined(separator: " or ")
                found.append("\(option) is \(known), not '\(text)'")
            }
            return choice
        }
        let settings = FileSettings(
            directory: old.directory, name: template ?? old.name, format: choice("--format", format) ?? old.format,
            compression: choice("--compress", compress) ?? old.compression,
            rotateSize: read("--rotate-size", rotateSize, parseSize) ?? old.rotateSize,
            rotateTime: read("--rotate-time", rotateTime) { .seconds(try parseDuration($0)) } ?? old.rotateTime,
            rotatePackets: rotatePackets ?? old.rotatePackets, keepFiles: keepFiles ?? old.keepFiles,
            keepBytes: read("--keep-bytes", keepBytes, parseSize) ?? old.keepBytes,
            keepAge: read("--keep-age", keepAge) { .seconds(try parseDuration($0)) } ?? old.keepAge,
            keepPercent: keepPercent ?? old.keepPercent)
        if found.isEmpty { found = settings.problems.map { "--\($0.key) \($0.problem)" } }
        problems += found.filter { !problems.contains($0) }
        return settings
    }
}
