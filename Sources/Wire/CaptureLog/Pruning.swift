internal import CaptureFile
internal import LinuxSystem
internal import Synchronization

/// Limits of complete files.
extension LogWriter {
    /// Deletes complete files of the log's own until its limits are kept.
    func prune() {
        buffersSincePruning = 0
        guard settings.pruning.hasLimit else { return tidy() }
        let mine = manifest.contents.complete.filter { !settings.prunesOnlyThisRun || !manifest.isEarlier($0) }
        let volume = (try? directory.volume()).map { PrunePolicy.Volume(size: $0.size, free: $0.free) }
        let doomed = settings.pruning.doomed(
            mine.map { .init(name: $0.name, order: $0.order, bytes: $0.size, completed: $0.time) },
            writing: bytesOfFile,
            now: now / 1_000_000_000, volume: settings.pruning.percent == nil ? nil : volume)
        let orders = Set(doomed.map { $0.order })
        for entry in mine where orders.contains(entry.order) { delete(entry) }
        if doomed.count == mine.count, let percent = settings.pruning.percent, !hasNothingToPrune,
            let volume = try? directory.volume(),
            UInt128(volume.size - min(volume.free, volume.size)) * 100 > UInt128(volume.size) * UInt128(max(0, percent))
        {
            hasNothingToPrune = true
            state.remark(
                "the volume of \(settings.directoryPath) is more than \(percent) % full, and there is nothing of the log's to delete",
                isWarning: true)
        }
        tidy()
    }

    private func tidy() {
        do { try manifest.tidy(in: directory) } catch {
            state.remark("the manifest can't be written anew: \(error)", isWarning: true)
        }
    }

    private func delete(_ entry: ManifestContents.Complete) {
        do {
            guard let status = try directory.status(of: entry.name), status.isRegular,
                status.identity.isSame(as: entry.file),
                status.size == entry.size
            else {
                // Somebody removed, changed or replaced it: it isn't the log's any more.
                try manifest.append(.gone(name: entry.name, file: entry.file))
                return
            }
            try directory.removeFile(entry.name)
            try manifest.append(.gone(name: entry.name, file: entry.file))
            state.counts.withLock { $0.filesPruned += 1 }
        } catch {
            manifest.forget(entry)
            state.remark("\(entry.name) can't be deleted: \(error)", isWarning: true)
        }
    }
}
