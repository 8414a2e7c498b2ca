internal import CaptureLog
internal import LinuxSystem
internal import MirrorEngine
internal import MirrorModel
internal import Tap

extension OpenedTap {
    /// Goes to its root directory, opens the directories of files there, becomes who it is to be, and gives up all privileges
    /// for good, which is then looked at.
    /// - Throws: ``UserError``. Directories that were made go again; the process is to end.
    public consuming func giveUpPrivileges() throws -> UnprivilegedTap { try UnprivilegedTap(self) }
}

/// A tap that may do nothing any more but copy what it has opened. It has heard nothing.
public struct UnprivilegedTap: ~Copyable {
    let opened: OpenedTap
    let files: [TapFiles]

    init(_ opened: consuming OpenedTap) throws {
        let (configuration, identity) = (opened.configuration, opened.identity)
        var files: [TapFiles] = []
        do {
            if let root = configuration.privileges.root {
                // What is loaded on demand can't be found in there.
                if configuration.compresses { Zstandard.load() }
                files = try Privileges.changeRoot(to: root) { try configuration.openDirectories(for: identity) }
            } else {
                files = try configuration.openDirectories(for: identity)
            }
            // It checks that this process has one thread: another one would keep its own privileges.
            try Privileges.drop(to: identity)
        } catch let error as PrivilegeError {
            for file in files { file.directory.takeBack() }
            throw UserError("\(error)")
        }
        self.files = files
        self.opened = opened
    }
}

extension TapConfiguration {
    fileprivate var compresses: Bool { mirror.outputs.contains { $0.files?.compression != nil } }

    /// Opens the directories that copies are written to; those that aren't there are made, and go again if this fails.
    fileprivate func openDirectories(for identity: Identity?) throws -> [TapFiles] {
        var opened: [TapFiles] = []
        do {
            for settings in mirror.outputs.compactMap(\.files) {
                let log = try log(settings)
                opened.append(
                    TapFiles(
                        log: log, directory: try Self.directory(settings.directory.description, for: identity),
                        flushesEachFrame: files.flushesEachFrame))
            }
        } catch {
            for file in opened { file.directory.takeBack() }
            throw error
        }
        return opened
    }

    private static func directory(_ path: String, for identity: Identity?) throws -> OpenedDirectory {
        do throws(SystemError) {
            return try OpenedDirectory(path, makingFor: identity)
        } catch {
            throw UserError("can't write to the directory \(path): \(error.errno)")
        }
    }
}
