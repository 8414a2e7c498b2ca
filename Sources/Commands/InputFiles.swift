import LinuxSystem
import MirrorConfig
import MirrorEngine
import MirrorModel

/// Files that a person names, `-` for standard input.
enum InputFiles {
    /// Begins to read, on a thread of its own: a file of a thousand mirrors takes as long as looking at the machine.
    static func start(_ paths: [String], now: Timestamp) throws -> OwnThread.Running<[ParsedMirror]> {
        try OwnThread.start { try read(paths, now: now) }
    }

    static func read(_ paths: [String], now: Timestamp) throws -> [ParsedMirror] {
        let files = try paths.map { path in
            if path == "-" {
                return (
                    path: "standard input", text: try Descriptor.duplicate(of: 0).readAll(atMost: maximumConfigSize + 1)
                )
            }
            guard let text = try Files.read(path, atMost: maximumConfigSize + 1) else {
                throw UserError("there is no file \(path)")
            }
            return (path: path, text: text)
        }
        return try IntentStore.read(files: files, now: now)
    }
}
