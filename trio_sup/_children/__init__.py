"""One child: record, handle, lives, names, who watches and waits."""
