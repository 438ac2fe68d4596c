"""What letters stand for: the notation of each book or page, turned into Nielsen's."""
