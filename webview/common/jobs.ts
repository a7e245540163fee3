// The jobs a page shows: what runs now, as messages come and go.
export interface Job {
  readonly id: string;
  readonly title?: string;
  readonly message: string;
  readonly fraction?: number;
}

interface Busy extends Omit<Job, 'id'> {
  readonly job: string;
}

/** The jobs with this one as it is now; it takes the last place. */
export function withJob(jobs: readonly Job[], { job: id, title, message, fraction }: Busy): readonly Job[] {
  return [...withoutJob(jobs, id), { id, message, ...(title === undefined ? {} : { title }), ...(fraction === undefined ? {} : { fraction }) }];
}

export function withoutJob(jobs: readonly Job[], id: string): readonly Job[] {
  return jobs.filter((job) => job.id !== id);
}
