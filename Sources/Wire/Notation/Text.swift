extension StringProtocol {
    /// Whether a text is in it. The standard library's own way has its whole engine for regular expressions linked, 1 MB.
    public func contains(text: String) -> Bool {
        let own = Array(utf8)
        return text.isEmpty || own.indices.contains { own[$0...].starts(with: text.utf8) }
    }
}
