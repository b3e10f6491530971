"""What a run resumes from, and which of it becomes the model."""
