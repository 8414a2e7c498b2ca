print("portmirror")
